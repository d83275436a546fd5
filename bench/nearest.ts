import { openQuery } from '../src/engine/query-stream.ts';
import { MemoryBackend } from '../src/adapters/memory/memory-backend.ts';
import { Session } from '../src/engine/session.ts';
import { executeScript } from '../src/statements/index.ts';
import { parse, splitScript } from '../src/syntax/parse.ts';
import { InternalError } from '../src/util/internal-error.ts';
import { openBenchNode } from './node.ts';

const perProduce = 2000;
const questions = 200;

/** Numbers between -1 and 1, the same ones at each run. */
function numbers(): () => number {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

/** Time of a pull query for the ten nearest vectors of a table, from its text to its rows, beside the same by a scan of the table. */
export async function benchNearest({
  events,
  size,
}: {
  readonly events: string;
  readonly size: string | undefined;
}): Promise<void> {
  const [rows, width] = [Number(events), Number(size ?? 64)];
  const next = numbers();
  const vector = (): number[] => Array.from({ length: width }, next);
  const running = await openBenchNode();
  const { engine } = running;
  await engine.node.createTopic('items', { partitions: 4, replicas: 1, config: { 'retention.ms': '-1' } });
  await executeScript(
    {
      name: 'nearest',
      text: `CREATE SOURCE TABLE items (id STRING PRIMARY KEY, v ARRAY<DOUBLE>) WITH (kafka_topic='items', value_format='JSON');`,
    },
    engine,
    new Session(engine.defaults),
  );
  const [query] = [...engine.catalog.queries.keys()];
  for (let from = 0; from < rows; from += perProduce) {
    const count = Math.min(perProduce, rows - from);
    await engine.node.produce(
      'items',
      Array.from({ length: count }, (_, i) => ({
        key: Buffer.from(`item${from + i}`),
        value: Buffer.from(JSON.stringify({ V: vector() })),
        timestamp: from + i,
        partition: undefined,
      })),
    );
  }
  while ((engine.node.status(query!)?.recordsIn ?? 0) < rows) await new Promise((resolve) => setTimeout(resolve, 50));

  const ask = async (orderBy: string): Promise<{ ids: string; ms: number }> => {
    const text = `SELECT id FROM items ORDER BY ${orderBy} LIMIT 10;`;
    const begun = performance.now();
    const statement = parse(splitScript({ name: 'nearest', text })[0]!);
    if (statement.kind !== 'select') throw new InternalError('the question is no SELECT');
    const stream = await openQuery(statement, engine, new Session(engine.defaults), () => new MemoryBackend());
    const ids: unknown[] = [];
    for await (const batch of stream.rows()) ids.push(...batch.map(({ values }) => values[0]));
    return { ids: ids.join(), ms: performance.now() - begun };
  };
  for (const [fn, order] of [
    ['L2_DISTANCE', ''],
    ['COSINE_SIMILARITY', ' DESC NULLS LAST'],
  ] as const) {
    const call = (): string => `${fn}(v, ARRAY[${vector().join(', ')}])`;
    const one = call();
    const scan = await ask(`${one} + 0${order}`);
    const first = await ask(`${one}${order}`);
    if (first.ids !== scan.ids) throw new InternalError(`${first.ids} is not ${scan.ids}`);
    const times: number[] = [];
    const used = process.cpuUsage();
    for (let i = 0; i < questions; i++) times.push((await ask(`${call()}${order}`)).ms);
    const { user, system } = process.cpuUsage(used);
    times.sort((a, b) => a - b);
    const at = (part: number): number => Number(times[Math.floor(part * questions)]!.toFixed(2));
    const [scanMs, firstMs] = [Math.round(scan.ms), Math.round(first.ms)];
    const cpu = Number(((user + system) / 1000 / questions).toFixed(2));
    const found = { scanMs, firstMs, least: at(0), p50: at(0.5), p99: at(0.99), cpu };
    console.log(JSON.stringify({ bench: 'nearest', fn, rows, width, ...found }));
  }
  await running.close();
}
