import { Session } from '../src/engine/session.ts';
import { executeScript } from '../src/statements/index.ts';
import { InternalError } from '../src/util/internal-error.ts';
import { ask, numbers, spread } from './ask.ts';
import { openBenchNode } from './node.ts';

const perProduce = 2000;
const questions = 200;

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

  const nearest = async (orderBy: string): Promise<{ ids: string; ms: number }> => {
    const { rows: found, ms } = await ask(engine, `SELECT id FROM items ORDER BY ${orderBy} LIMIT 10;`);
    return { ids: found.map(([id]) => id).join(), ms };
  };
  for (const [fn, order] of [
    ['L2_DISTANCE', ''],
    ['COSINE_SIMILARITY', ' DESC NULLS LAST'],
  ] as const) {
    const call = (): string => `${fn}(v, ARRAY[${vector().join(', ')}])`;
    const one = call();
    const scan = await nearest(`${one} + 0${order}`);
    const first = await nearest(`${one}${order}`);
    if (first.ids !== scan.ids) throw new InternalError(`${first.ids} is not ${scan.ids}`);
    const times: number[] = [];
    const used = process.cpuUsage();
    for (let i = 0; i < questions; i++) times.push((await nearest(`${call()}${order}`)).ms);
    const { user, system } = process.cpuUsage(used);
    const { least, p50, p99 } = spread(times);
    const [scanMs, firstMs] = [Math.round(scan.ms), Math.round(first.ms)];
    const cpu = Number(((user + system) / 1000 / questions).toFixed(2));
    const found = { scanMs, firstMs, least, p50, p99, cpu };
    console.log(JSON.stringify({ bench: 'nearest', fn, rows, width, ...found }));
  }
  await running.close();
}
