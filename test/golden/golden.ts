import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { renderSqlError, SqlError } from '../../src/diagnostics/sql-error.ts';
import { Session } from '../../src/engine/session.ts';
import { Asker, type Asked } from './ask.ts';
import { evaluate, type Evaluation } from './evaluate.ts';
import { plannedText } from './plan-text.ts';
import { featuresText } from './features.ts';
import type { AggregateSetName } from '../../src/specs/window.ts';
import { MemoryConnect } from '../support/memory-connect.ts';
import { openEngine, type TestEngine } from '../support/memory-node.ts';
import { consume } from '../support/topics.ts';

/**
 * A block of a golden file: a command with its input, and what it must give; `wait` takes milliseconds, `ask` gives statements one a line as
 * a client would, in one session, `plan` gives a query's plan before and after the rules, and its steps, and `eval` takes a stream, whose rows
 * each line of the body is evaluated over, by the aggregates of the standard set after a slash, as in `readings/standard`; `features` takes what /get-online-features is asked for (features, or `service/name`), and entities one a line.
 */
export interface Block {
  readonly line: number;
  readonly command: 'sql' | 'produce' | 'consume' | 'eval' | 'ask' | 'features' | 'wait' | 'error' | 'plan';
  readonly argument: string;
  readonly body: string;
  readonly expected: string;
}
export interface GoldenFile {
  readonly path: string;
  readonly blocks: readonly Block[];
  /** `# partitions 1`: the result hangs on stream time across keys. */
  readonly onePartition: boolean;
  /** `# once`: nothing of it depends on restarts, partitions or the broker. */
  readonly once: boolean;
}

/** What the expressions of `eval` blocks gave. */
export type Evaluated = Evaluation & { readonly expression: string };

/** Reads `command argument`, its body up to `----`, and what is expected up to an empty line. */
export function parseGolden(path: string): GoldenFile {
  const lines = readFileSync(path, 'utf8').split('\n');
  const blocks: Block[] = [];
  for (let i = 0; i < lines.length;) {
    const line = lines[i]!;
    if (line.trim() === '' || line.startsWith('#')) {
      i++;
      continue;
    }
    const [command, argument = ''] = line.split(' ', 2);
    const start = i++;
    const body: string[] = [];
    while (i < lines.length && lines[i] !== '----') body.push(lines[i++]!);
    i++;
    const expected: string[] = [];
    while (i < lines.length && lines[i] !== '') expected.push(lines[i++]!);
    blocks.push({
      line: start + 1,
      command: command as Block['command'],
      argument,
      body: body.join('\n'),
      expected: expected.join('\n'),
    });
  }
  const has = (note: string): boolean => lines.some((line) => line.trim() === note);
  // Whoever runs the file chooses how many there are: with several, rows of a file's order come in any.
  const several = lines.findIndex((line) => /PARTITIONS *= *[2-9]/i.test(line));
  if (several >= 0 && !has('# once')) throw new TypeError(`${path}:${several + 1}: its topics have 1 partition`);
  return { path, blocks, onePartition: has('# partitions 1'), once: has('# once') };
}

export type Mode = 'whole' | 'restarted' | 'partitioned' | 'broker';

// The files stay where they are when the code that runs them is built, and bundled.
const folder = import.meta.dirname.replace(/([/\\])dist[/\\](test[/\\]golden|bundle)$/, '$1test$1golden');
/** Every golden file of this folder, by its path from here. */
export const goldenFiles = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.test'))
  .sort()
  .map((name) => ({ name, file: parseGolden(join(folder, name)) }));

/**
 * What each block gives, in this mode; `actual` equals `expected` where the file is right. Where topics are shared with others,
 * those of the file begin with a prefix.
 */
export async function runGolden(
  file: GoldenFile,
  mode: Mode,
  open = (folder: string): Promise<TestEngine> => openEngine(folder, {}, file.once ? new MemoryConnect() : undefined),
  prefix = '',
  { evaluated = [], asked = [] }: { readonly evaluated?: Evaluated[]; readonly asked?: Asked[] } = {},
): Promise<{ block: Block; actual: string; expected: string }[]> {
  let engine = await open(mkdtempSync(join(tmpdir(), 'millrace-golden-')));
  const results: { block: Block; actual: string; expected: string }[] = [];
  const session = new Session(engine.engine.defaults);
  let asker = new Asker(engine.engine, session);
  try {
    for (const block of file.blocks) {
      const partitions = mode === 'partitioned' && !file.onePartition ? 3 : 1;
      if (block.command === 'sql') {
        const sql = block.body
          .replace(/PARTITIONS\s*=\s*1/gi, `PARTITIONS=${partitions}`)
          .replace(/(KAFKA_TOPIC\s*=\s*'|TOPIC `)/gi, `$1${prefix}`);
        await engine.run(sql);
        results.push({ block, actual: 'ok', expected: block.expected });
      } else if (block.command === 'error') {
        // An error's text and place are those of the topic's own name.
        if (prefix !== '' && /KAFKA_TOPIC/i.test(block.body)) continue;
        results.push({ block, actual: await errorOf(engine, block.body), expected: block.expected });
      } else if (block.command === 'plan') {
        results.push({
          block,
          actual: await plannedText(engine.engine, session, block.body),
          expected: block.expected,
        });
      } else if (block.command === 'eval') {
        const texts: string[] = [];
        const [stream, set = 'ksqldb'] = block.argument.split('/') as [string, AggregateSetName?];
        for (const line of block.body.split('\n')) {
          const { text, calls } = await evaluate(engine.engine, stream, line, set);
          texts.push(text);
          evaluated.push({ expression: line, text, calls });
        }
        results.push({ block, actual: texts.join('\n'), expected: block.expected });
      } else if (block.command === 'ask') {
        const texts: string[] = [];
        for (const line of block.body.split('\n')) {
          const answer = await asker.ask(line);
          await engine.settle();
          texts.push(prefix === '' ? answer.text : answer.text.replaceAll(prefix, ''));
          asked.push(answer);
        }
        results.push({ block, actual: texts.join('\n'), expected: block.expected });
      } else if (block.command === 'features') {
        await engine.settle();
        const texts = await Promise.all(
          block.body.split('\n').map((line) => featuresText(engine.engine, block.argument, line)),
        );
        results.push({ block, actual: texts.join('\n'), expected: block.expected });
      } else if (block.command === 'wait') {
        await new Promise((resolve) => setTimeout(resolve, Number(block.argument)));
        results.push({ block, actual: '', expected: block.expected });
      } else if (block.command === 'produce') {
        for (const line of block.body.split('\n')) {
          await produce(engine, prefix + block.argument, line);
          if (mode !== 'restarted') continue;
          await engine.settle();
          const { folder } = engine;
          await engine.close();
          engine = await open(folder);
          asker = new Asker(engine.engine, session);
        }
        // Inputs of several topics are read in the order in which the file has them.
        if (mode === 'broker') await engine.settle();
        results.push({ block, actual: '', expected: block.expected });
      } else {
        await engine.settle();
        const rows = await consume(engine.engine, block.argument);
        const actual = prefix === '' ? rows : rows.map((row) => row.replaceAll(prefix, ''));
        // Across partitions only the order within a key is defined.
        const order = (rows: string[]): string =>
          mode === 'partitioned'
            ? [...rows].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : keyOf(a) > keyOf(b) ? 1 : 0)).join('\n')
            : rows.join('\n');
        results.push({
          block,
          actual: order(actual),
          expected: order(block.expected === '' ? [] : block.expected.split('\n')),
        });
      }
    }
  } finally {
    await engine.close();
  }
  return results;
}

/** Writes what a run gave into the file: for new blocks, and for changes that are meant. The difference is to be read. */
export function updateGolden({ path }: GoldenFile, results: readonly { block: Block; actual: string }[]): void {
  const lines = readFileSync(path, 'utf8').split('\n');
  for (const { block, actual } of [...results].reverse()) {
    const start = lines.indexOf('----', block.line) + 1;
    const old = block.expected === '' ? 0 : block.expected.split('\n').length;
    lines.splice(start, old, ...(actual === '' ? [] : actual.split('\n')));
  }
  writeFileSync(path, lines.join('\n'));
}

const keyOf = (row: string): string => row.replace(/[[@].*$/, '');

async function errorOf(engine: TestEngine, sql: string): Promise<string> {
  try {
    await engine.run(sql);
    return 'no error';
  } catch (error) {
    if (error instanceof SqlError) return renderSqlError(error as SqlError);
    throw error;
  }
}

/** `@12000 key {"json":1}`, `null` standing for no key or no value. */
async function produce(engine: TestEngine, topic: string, line: string): Promise<void> {
  const match = /^@(-?\d+) (\S+) (.*)$/.exec(line);
  if (match === null) throw new TypeError(`golden: no record in "${line}"`);
  const [, time, key, value] = match;
  await engine.engine.node.produce(topic, [
    {
      key: key === 'null' ? null : key!,
      value: value === 'null' ? null : value!,
      timestamp: Number(time),
      partition: undefined,
    },
  ]);
}
