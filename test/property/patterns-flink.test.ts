import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { sourcesOf } from '../../src/plan/physical/topology.ts';
import { rowsOf, type Batch } from '../../src/runtime/batch.ts';
import { Change } from '../../src/runtime/change.ts';
import { ignoreFailures } from '../../src/runtime/failures.ts';
import type { Row, Value } from '../../src/types/sql-type.ts';
import { openEngine } from '../support/memory-node.ts';
import { StoredTopology } from '../support/stored-topology.ts';

/** A pattern and the matches that Flink SQL 2.3 finds, by `flink_patterns.py`. */
interface Case {
  readonly measures: string;
  readonly clauses: string;
  readonly rows: readonly Row[];
  /** By which rewrites Flink's rows are found; `choice`: another of several ways is taken, and not compared. */
  readonly differs?: readonly ('within' | 'optional' | 'greedy' | 'choice')[];
}
const { rows, cases } = JSON.parse(
  readFileSync(new URL('../support/flink-patterns.json', import.meta.url), 'utf8'),
) as { readonly rows: readonly Row[]; readonly cases: readonly Case[] };

const inPattern = (clauses: string, edit: (pattern: string) => string): string =>
  clauses.replace(/PATTERN \([^)]*\)/, edit);
/** How what docs/patterns.md says of Flink is written here. */
const rewrites: Readonly<Record<string, (clauses: string) => string>> = {
  // A match that is as long as WITHIN is too long.
  within: (clauses) =>
    clauses.replace(
      /WITHIN INTERVAL '(\d+)' SECOND/,
      (_, seconds) => `WITHIN ${Number(seconds) * 1000 - 1} MILLISECONDS`,
    ),
  // A row that may be there is left out where the match is over sooner.
  optional: (clauses) => inPattern(clauses, (pattern) => pattern.replace(/([ABC])\?(?!\?)/g, '$1??')),
  greedy: neverGivenBack,
};

/** What a greedy repetition can take is never a row of what comes behind it. */
function neverGivenBack(clauses: string): string {
  const [head, define] = clauses.split(' DEFINE ') as [string, string];
  const conditions = new Map(
    define.split(/, (?=[ABC] AS )/).map((each): [string, string] => [each[0]!, each.slice('A AS '.length)]),
  );
  const parts = /PATTERN \(([^)]*)\)/.exec(head)![1]!.split(' ');
  const all = parts.flatMap((part, i): [string, string][] => {
    const [own] = part as unknown as [string];
    const terms = conditions.has(own) ? [`(${conditions.get(own)!})`] : [];
    for (let before = i - 1; before >= 0; before--) {
      const [, name, count] = /^([ABC])(\+|\*|\{\d+,\}|\{\d+,\d+\})$/.exec(parts[before]!) ?? [];
      if (name === undefined) break;
      terms.push(`NOT COALESCE(${asIf(name, own, conditions.get(name) ?? 'TRUE')}, FALSE)`);
      if (!/^(\*|\{0)/.test(count!)) break;
    }
    return terms.length === 0 ? [] : [[own, terms.join(' AND ')]];
  });
  return `${head} DEFINE ${all.map(([name, condition]) => `${name} AS ${condition}`).join(', ')}`;
}
/** The condition of a variable of the row that is looked at as another one, behind the rows of the first. */
const asIf = (name: string, other: string, condition: string): string =>
  condition
    .replace('COUNT(A.v) <', 'COUNT(A.v) + 1 <')
    .replace('SUM(A.v) <', 'COALESCE(SUM(A.v), 0) + @.v <')
    .replace('MAX(B.v) <', 'B.v <')
    .replace(/(^|[^(])([ABC])\.v/g, (text, before, of) => (of === name ? `${String(before)}${other}.v` : text))
    .replaceAll('@', other);

/** The matches in the rows, which are in order of time, in the order in which Flink's are written. */
async function matches(measures: string, clauses: string, isFinal: boolean): Promise<readonly Row[]> {
  const engine = await openEngine();
  const grace = isFinal ? clauses.replace(' DEFINE ', ' GRACE PERIOD 0 SECONDS DEFINE ') : clauses;
  await engine.run(`CREATE STREAM s (k STRING KEY, n INT, v INT, w DOUBLE) WITH (kafka_topic='s', value_format='JSON', partitions=1);
    CREATE STREAM o AS SELECT * FROM s MATCH_RECOGNIZE (PARTITION BY k ORDER BY ROWTIME MEASURES ${measures}
      ONE ROW PER MATCH ${grace}) EMIT ${isFinal ? 'FINAL' : 'CHANGES'};`);
  const { plan } = [...engine.engine.catalog.queries.values()][0]!;
  await engine.close();
  const [read] = sourcesOf(plan);
  const topology = new StoredTopology(plan, { failures: ignoreFailures });
  // What comes long after all of them ends the wait.
  const batch = [...rows, ['end', 0, 0, 0, 1_000_000]].map(([k, n, v, w, time], sequence) => {
    const values: Record<string, Value> = { K: k!, N: n!, V: v!, W: w!, ROWTIME: time! };
    const row = read!.reads.map((name) => values[name]!);
    return { stepId: read!.id, partition: 0, change: new Change([k!], undefined, row, Number(time), sequence) };
  });
  const width = measures.match(/ AS /g)!.length + 1;
  return [...rowsOf(topology.running.process(batch) as Batch)].map(({ after }) => after!.slice(0, width));
}
const sorted = (found: readonly Row[]): string[] => found.map((row) => JSON.stringify(row)).sort();

test.each([true, false])(
  'what Flink finds is found, or differs as it is said to (EMIT FINAL: %s)',
  async (isFinal) => {
    let count = 0;
    for (const { measures, clauses, differs, rows: wanted } of cases) {
      const found = sorted(await matches(measures, clauses, isFinal));
      count += wanted.length;
      if (differs === undefined) {
        expect(found, clauses).toEqual(sorted(wanted));
        continue;
      }
      expect(found, clauses).not.toEqual(sorted(wanted));
      if (differs.includes('choice')) continue;
      const rewritten = differs.reduce((text, name) => rewrites[name]!(text), clauses);
      expect(sorted(await matches(measures, rewritten, isFinal)), rewritten).toEqual(sorted(wanted));
    }
    console.log(`${count} matches of ${cases.length} patterns compared`);
  },
  600_000,
);
