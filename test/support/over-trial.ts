import type { Value } from '../../src/types/sql-type.ts';
import { Random } from '../fuzz/random.ts';
import {
  groupsOf,
  overScript,
  partitionText,
  randomEvents,
  randomOver,
  type CallGroup,
  type EventModel,
  type OverModel,
  type Scope,
} from './over-model.ts';
import { planOver, runOver } from './over-run.ts';

/**
 * What a cell must be: a text that is the same for equal values; a number, off by 1e-12 of itself or of a scale at most; anything between two numbers; one of some texts, or anything for none; or a struct of such.
 * A sum beyond BIGINT is null, and is told.
 */
export type Expected =
  | string
  | { readonly near: number | null; readonly scale?: number; readonly isBeyond?: boolean }
  | { readonly between: readonly [number, number] }
  | { readonly oneOf: readonly string[] }
  | { readonly fields: readonly Expected[] };

/** Gives what each call must give for each event that is in frames, by its number of arrival: not of those too late, or without a partition or time. */
export type Judge = (
  group: CallGroup,
  events: readonly EventModel[],
) => Promise<ReadonlyMap<number, readonly Expected[]>>;

/** A value of Millrace as a text that is the same for equal values. */
function valueText(value: Value): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(valueText).join()}]`;
  if (value instanceof Map)
    return `{${[...(value as ReadonlyMap<Value, Value>)]
      .map(([key, each]) => `${valueText(key)}:${valueText(each)}`)
      .sort()
      .join()}}`;
  return String(value);
}
const smallestNormal = 2 ** -1022;
function isSame(actual: Value, expected: Expected): boolean {
  if (typeof expected === 'string') return valueText(actual) === expected;
  if ('between' in expected) {
    const [least, most] = expected.between;
    return typeof actual === 'number' && actual >= least && actual <= most;
  }
  if ('oneOf' in expected) return expected.oneOf.length === 0 || expected.oneOf.includes(valueText(actual));
  if ('fields' in expected)
    return Array.isArray(actual) && expected.fields.every((field, i) => isSame(actual[i] as Value, field));
  const { near, scale } = expected;
  if (near === null || typeof actual !== 'number' || !Number.isFinite(near)) return Object.is(actual, near);
  // With a scale, what is below the normal doubles has lost digits on its way there.
  return Math.abs(actual - near) <= (scale === undefined ? 1e-12 * Math.abs(near) : 1e-12 * scale + smallestNormal);
}
const expectedText = (expected: Expected): string =>
  typeof expected === 'string' ? expected : JSON.stringify(expected);
const eventText = ({ n, u, ts, hasTs, values }: EventModel): string =>
  `${n} ${u}@${ts}${hasTs ? '' : ' ts=null'} ${Object.entries(values)
    .map(([name, value]) => `${name}=${valueText(value)}`)
    .join(' ')}`;

interface Trial {
  readonly cells: number;
  readonly restarts: number;
  /** Calls with a wrong value (-1: something else), and what was wrong. */
  readonly wrong: readonly { readonly call: number; readonly told: string }[];
}
/** What each call must give: an event that is too late for one group of calls does not come to the next. */
async function expectedBy(
  judge: Judge,
  model: OverModel,
  events: readonly EventModel[],
): Promise<ReadonlyMap<number, readonly Expected[]>> {
  let expected = new Map<number, Expected[]>(events.map(({ n }) => [n, []]));
  for (const group of groupsOf(model)) {
    const here = events.filter(({ n }) => expected.has(n));
    const answers = await judge(group, here);
    const next = new Map<number, Expected[]>();
    for (const event of here) {
      const isNowhere = partitionText(group, event) === undefined;
      const own = isNowhere ? group.calls.map(() => 'null') : answers.get(event.n);
      if (own === undefined) continue;
      const row = expected.get(event.n)!;
      for (const [i, call] of group.calls.entries()) row[model.calls.indexOf(call)] = own[i]!;
      next.set(event.n, row);
    }
    expected = next;
  }
  return expected;
}

async function attempt(judge: Judge, model: OverModel, events: readonly EventModel[], seed: number): Promise<Trial> {
  const plan = await planOver(model);
  const expected = await expectedBy(judge, model, events);
  const { rows, restarts, late, beyond, failures } = runOver(model, plan, events, new Random(seed));
  const wrong = failures.map((told) => ({ call: -1, told }));
  for (const n of rows.keys()) if (!expected.has(n)) wrong.push({ call: -1, told: `${n} is too late, and came` });
  const dropped = events.length - expected.size;
  if (late !== dropped) wrong.push({ call: -1, told: `${late} events were told to be late, and ${dropped} are` });
  const isBeyond = [...expected.values()].flat().some((cell) => typeof cell === 'object' && 'isBeyond' in cell);
  if (isBeyond !== beyond > 0) wrong.push({ call: -1, told: `${beyond} sums were told to be too large` });
  let cells = 0;
  for (const [n, row] of expected) {
    for (const [call, cell] of row.entries()) {
      cells++;
      const value = rows.get(n)?.[call];
      if (value !== undefined && isSame(value, cell)) continue;
      const is = value === undefined ? 'not there' : valueText(value);
      wrong.push({ call, told: `V${call} of event ${n} is ${is} and must be ${expectedText(cell)}` });
    }
  }
  return { cells, restarts, wrong };
}

/** Fewer calls and events that are still wrong, as a text. */
async function smallest(
  judge: Judge,
  model: OverModel,
  events: readonly EventModel[],
  seed: number,
  call: number,
): Promise<string> {
  const only = call < 0 ? model : { ...model, calls: [model.calls[call]!] };
  let least = events;
  let told = '';
  const fails = async (query: OverModel, some: readonly EventModel[]): Promise<boolean> => {
    const [first] = (await attempt(judge, query, some, seed)).wrong;
    if (first !== undefined) told = first.told;
    return first !== undefined;
  };
  const query = (await fails(only, least)) ? only : model;
  for (let piece = least.length >> 1; piece > 0; piece >>= 1) {
    for (let from = 0; from < least.length;) {
      const fewer = [...least.slice(0, from), ...least.slice(from + piece)];
      if (fewer.length > 0 && (await fails(query, fewer))) least = fewer;
      else from += piece;
    }
  }
  await fails(query, least);
  return `seed ${seed}\n${overScript(query)}\n${least.map(eventText).join('\n')}\n${told}`;
}

/** Random queries over random events until so many cells were compared; tells the first wrong one of each function. */
export async function overTrials(
  judge: Judge,
  options: {
    readonly scope: Scope;
    readonly seed: number;
    readonly cells: number;
    readonly events: (random: Random) => number;
  },
): Promise<{ readonly told: string; readonly summary: string }> {
  let [cells, restarts, wrong] = [0, 0, 0];
  const told = new Map<string, string>();
  for (let { seed } = options; cells < options.cells; seed++) {
    const random = new Random(seed);
    const model = randomOver(random, options.scope);
    const events = randomEvents(random, model, options.events(random), options.scope);
    const trial = await attempt(judge, model, events, seed);
    cells += trial.cells;
    restarts += trial.restarts;
    wrong += trial.wrong.length;
    const [first] = trial.wrong;
    const what = model.calls[first?.call ?? -1]?.fn ?? 'rows';
    if (first !== undefined && told.size < 4 && !told.has(what))
      told.set(what, await smallest(judge, model, events, seed, first.call));
  }
  const summary = `${cells} cells, ${wrong} different, ${restarts} restarts`;
  return { told: [...told.values()].join('\n\n'), summary };
}
