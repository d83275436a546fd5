import { expect, test } from 'vitest';
import { SqlError } from '../../src/diagnostics/sql-error.ts';
import { Random } from '../fuzz/random.ts';
import { oddNaming, plainNames } from '../support/random-names.ts';
import { randomEvents, recordsOf, type EventModel } from '../support/random-events.ts';
import { randomQuery, scriptOf, topicOf, type Naming, type QueryModel, type Ref } from '../support/random-queries.ts';
import { planScript } from '../support/run-query.ts';
import { runsOf, seedOf } from '../support/scale.ts';

/** The script of a query, or of one that selects all there is. */
function textOf(query: QueryModel, names: Naming, bare: (ref: Ref) => boolean, isStar: boolean): string {
  const script = scriptOf(query, names, bare);
  return isStar ? script.replace(/ AS SELECT .* FROM /, ' AS SELECT * FROM ') : script;
}

/** What a query gives, its columns by their place in SELECT; the code of its refusal, or how it broke. */
async function resultOf(
  query: QueryModel,
  names: Naming,
  bare: (ref: Ref) => boolean,
  events: readonly EventModel[],
  isStar: boolean,
): Promise<unknown> {
  const topics = query.sources.map((_, source) => topicOf(source));
  let run;
  try {
    run = await planScript(textOf(query, names, bare, isStar), topics);
  } catch (error) {
    if (error instanceof SqlError) return error.code;
    throw error;
  }
  let rows, columns;
  try {
    ({ rows, columns } = run(recordsOf(events, names), { batch: 7, conflate: false }));
  } catch (error) {
    return (error as Error).message;
  }
  const outputs = isStar ? columns : query.select.map((_, i) => names.output(i));
  return rows
    .map((row) =>
      JSON.stringify(
        outputs.map((name) => row[name]),
        bigints,
      ),
    )
    .sort();
}
const bigints = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? `${value}n` : value);

test('what columns, sources and aliases are called never changes a result', async () => {
  const seed = seedOf(13);
  const wrong: string[] = [];
  let planned = 0;
  let joined = 0;
  const runs = runsOf(400);
  for (let i = 0; i < runs; i++) {
    const random = new Random(seed + i);
    const query = randomQuery(random, 4);
    const names = oddNaming(random, query);
    const events = randomEvents(random, query, 40);
    const all = query.sources.flatMap(({ columns }, source) =>
      columns.map((_, column) => names.column(source, column)),
    );
    const isAlone = (name: string): boolean => all.filter((each) => each === name).length === 1;
    const odds = random.next();
    const bare = ({ place, column }: Ref): boolean =>
      column === 'time' ? query.sources.length === 1 : odds < 0.5 && isAlone(names.column(place, column));
    const isStar = query.groupBy === undefined && query.union === undefined && random.next() < 0.2;
    const plain = await resultOf(query, plainNames, bare, events, isStar);
    const odd = await resultOf(query, names, bare, events, isStar);
    // The names that * gives columns of a join, source_column, may be the same for two.
    if (isStar && odd === 'DUPLICATE_COLUMN') continue;
    if (JSON.stringify(odd) !== JSON.stringify(plain))
      wrong.push(
        `seed ${seed + i}: ${JSON.stringify(odd)}, and with plain names ${JSON.stringify(plain)}\n${textOf(query, names, bare, isStar)}`,
      );
    if (typeof plain === 'string') continue;
    planned++;
    if (query.joins.length > 0) joined++;
  }
  expect(wrong.slice(0, 5).join('\n\n'), `${wrong.length} of ${runs} runs from seed ${seed}`).toBe('');
  // A property of refusals would say little.
  expect(planned / runs).toBeGreaterThan(0.8);
  expect(joined / runs).toBeGreaterThan(0.3);
});
