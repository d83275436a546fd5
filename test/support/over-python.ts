import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import {
  columnNames,
  defaultGraceMs,
  partitionText,
  taskPartition,
  type EventModel,
  type CallGroup,
} from './over-model.ts';
import type { Expected, Judge } from './over-trial.ts';

const script = join(import.meta.dirname, 'naive_frames.py');

/** What Python gives for a cell: numbers as text, which may be infinite. */
type Answer =
  | string
  | { readonly near: string; readonly scale: string }
  | { readonly between: readonly [number, number] }
  | { readonly oneOf: readonly string[] }
  | { readonly fields: readonly Answer[] };

/** A naive scan in Python: what judges a run, and how to end it. `python` is the interpreter. */
export function openPython(python: string): { readonly judge: Judge; readonly close: () => void } {
  const child = spawn(python, [script], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    judge: async (model, events) => {
      child.stdin.write(`${JSON.stringify(jobOf(model, events))}\n`);
      const line = await lines.next();
      if (line.done === true) throw new TypeError('Python has ended');
      const answers = JSON.parse(line.value) as Record<string, Answer[]>;
      return new Map(Object.entries(answers).map(([n, cells]) => [Number(n), cells.map(expectedOf)]));
    },
    close: () => child.stdin.end(),
  };
}

function jobOf(model: CallGroup, events: readonly EventModel[]): unknown {
  return {
    graceMs: model.graceMs ?? defaultGraceMs,
    final: model.final,
    calls: model.calls.map(({ fn, arg, count, parameter, options, filter, frame }) => ({
      fn,
      arg,
      parameter: parameter ?? count,
      options,
      filter,
      frame: {
        ...frame,
        start: frame.start ?? null,
        exclude: frame.exclude ?? null,
        maxSize: frame.maxSize ?? null,
        tileMs: frame.tileMs ?? null,
      },
    })),
    events: events.flatMap((event) => {
      const p = partitionText(model, event);
      if (p === undefined) return [];
      const values = columnNames.map((name) => {
        const value = event.values[name];
        return [name, typeof value === 'bigint' || (name === 'd' && value !== null) ? String(value) : value];
      });
      return [
        { n: event.n, p, q: taskPartition(model, p), t: event.ts, values: Object.fromEntries(values) as unknown },
      ];
    }),
  };
}

function expectedOf(answer: Answer): Expected {
  if (typeof answer === 'string') return answer;
  if ('fields' in answer) return { fields: answer.fields.map(expectedOf) };
  return 'near' in answer ? { near: Number(answer.near), scale: Number(answer.scale) } : answer;
}
