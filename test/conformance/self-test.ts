import { JsonNumber, type Json } from '../../src/types/json.ts';
import type { CaseRecord, TestCase } from './cases.ts';
import { runCase } from './run-case.ts';

/** The same JSON with one part changed. */
function other(json: Json): Json {
  if (json === null) return 'another';
  if (typeof json === 'string') return `${json}x`;
  if (typeof json === 'boolean') return !json;
  if (json instanceof JsonNumber) return new JsonNumber(/[.eE]/.test(json.text) ? '-77.5' : `${json.text}1`);
  if (Array.isArray(json)) return [...json, null];
  const [first] = json as ReadonlyMap<string, Json>;
  return first === undefined
    ? new Map<string, Json>([['X', null]])
    : new Map([...(json as ReadonlyMap<string, Json>), [first[0], other(first[1])]]);
}

type Mutation = (outputs: readonly CaseRecord[]) => readonly CaseRecord[] | undefined;

/** Changes the first record that can be changed in this way. */
const changed =
  (applies: (record: CaseRecord) => boolean, change: (record: CaseRecord) => CaseRecord): Mutation =>
  (outputs) => {
    const at = outputs.findIndex(applies);
    return at < 0 ? undefined : outputs.with(at, change(outputs[at]!));
  };

/** What a faithful runner must notice, each a change of one thing that a case expects. */
const mutations: Readonly<Record<string, Mutation>> = {
  key: changed(
    () => true,
    (record) => ({ ...record, key: other(record.key) }),
  ),
  value: changed(
    () => true,
    (record) => ({ ...record, value: other(record.value) }),
  ),
  timestamp: changed(
    ({ timestamp }) => timestamp !== undefined,
    (record) => ({ ...record, timestamp: record.timestamp! + 1 }),
  ),
  window: changed(
    ({ window }) => window !== undefined,
    (record) => ({ ...record, window: { ...record.window!, start: record.window!.start + 1 } }),
  ),
  header: changed(
    ({ headers }) => headers.length > 0,
    (record) => ({ ...record, headers: record.headers.with(0, { ...record.headers[0]!, key: 'another' }) }),
  ),
  order: (outputs) => {
    const same = (a: CaseRecord, b: CaseRecord): boolean =>
      JSON.stringify([a, b].map(plain)) === JSON.stringify([b, a].map(plain));
    const at = outputs.findIndex(
      (each, i) => i > 0 && each.topic === outputs[i - 1]!.topic && !same(each, outputs[i - 1]!),
    );
    return at < 0 ? undefined : outputs.with(at, outputs[at - 1]!).with(at - 1, outputs[at]!);
  },
  // A topic of which nothing is expected is not looked at, as in ksqlDB's runner: one record of it must stay.
  missing: (outputs) =>
    outputs.slice(0, -1).some(({ topic }) => topic === outputs.at(-1)!.topic) ? outputs.slice(0, -1) : undefined,
  extra: (outputs) => [...outputs, outputs.at(-1)!],
};
const plain = ({ key, value, timestamp, window }: CaseRecord): unknown => [show(key), show(value), timestamp, window];
const show = (json: Json): unknown =>
  json instanceof Map
    ? [...json].map(([name, value]) => [name, show(value)])
    : json instanceof JsonNumber
      ? json.text
      : json;

/**
 * Tests the runner: one expected key, value, timestamp, window, header, order or count of a passing case is changed, and the case
 * must then fail. Gives what was noticed and what was not.
 */
export async function selfTest(
  passing: readonly TestCase[],
): Promise<{ readonly noticed: number; readonly missed: readonly string[] }> {
  const missed: string[] = [];
  let noticed = 0;
  for (const test of passing) {
    if (test.outputs.length === 0 || test.expected !== undefined) continue;
    for (const [name, mutate] of Object.entries(mutations)) {
      const outputs = mutate(test.outputs);
      if (outputs === undefined) continue;
      const { outcome } = await runCase({ ...test, outputs });
      if (outcome === 'passed') missed.push(`${test.file} - ${test.name}: ${name}`);
      else noticed++;
    }
  }
  return { noticed, missed };
}
