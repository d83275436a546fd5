import { fileURLToPath } from 'node:url';
import { Session } from '../src/engine/session.ts';
import { executeScript } from '../src/statements/index.ts';
import { slotOf, slotsFor, versionOfSlot } from '../src/types/model-route.ts';
import { packageRoot } from '../src/util/package-root.ts';
import { openBenchNode } from './node.ts';

const width = 20;
const names = Array.from({ length: width }, (_, i) => `f${i}`);
const perProduce = 5000;

/**
 * CPU seconds of a query over rows of 20 features, without a model and with one of ONNX that takes them all, in turns; and nanoseconds of the choice of
 * a version by a route.
 */
export async function benchModel({
  events,
  rounds,
}: {
  readonly events: string;
  readonly rounds: string;
}): Promise<void> {
  const count = Number(events);
  const alone: number[] = [];
  const scored: number[] = [];
  for (let round = 0; round < Number(rounds); round++) {
    alone.push(await run(count, false));
    scored.push(await run(count, true));
  }
  const [without, withModel] = [Math.min(...alone), Math.min(...scored)];
  console.log(
    JSON.stringify({
      bench: 'model',
      features: width,
      events: count,
      cpu_seconds_alone: Number(without.toFixed(2)),
      cpu_seconds_scored: Number(withModel.toFixed(2)),
      rows_a_cpu_second: [Math.round(count / without), Math.round(count / withModel)],
      share: Number((without / withModel).toFixed(3)),
      route_ns: Math.round(routeNs()),
    }),
  );
}

function routeNs(): number {
  const ranges = slotsFor(
    [],
    [9000, 600, 300, 100].map((slots, i) => ({ version: i + 1, slots })),
  );
  const keys = Array.from({ length: 10_000 }, (_, i) => `customer_${i * 7919}`);
  let sum = 0;
  let least = Infinity;
  for (let round = 0; round < 50; round++) {
    const begun = process.hrtime.bigint();
    for (const key of keys) sum += versionOfSlot(ranges, slotOf('fraud_ab', key));
    least = Math.min(least, Number(process.hrtime.bigint() - begun) / keys.length);
  }
  return sum > 0 ? least : NaN;
}

/** CPU seconds from the statements to when the query has read everything. */
async function run(count: number, isScored: boolean): Promise<number> {
  const running = await openBenchNode();
  const { engine } = running;
  const { node } = engine;
  await node.createTopic('events', { partitions: 1, replicas: 1, config: { 'retention.ms': '-1' } });
  for (let from = 0; from < count; from += perProduce)
    await node.produce(
      'events',
      Array.from({ length: Math.min(perProduce, count - from) }, (_, i) => ({
        key: `u${(from + i) % 1000}`,
        value: `{${names.map((name, k) => `"${name}":${((from + i) * (k + 7)) % 1000}.${k}5`).join()}}`,
        timestamp: from + i,
        partition: undefined,
      })),
    );
  const path = fileURLToPath(new URL('bench/features.onnx', packageRoot(import.meta.url)));
  const sum = names.slice(1).reduce((expr, name) => `${expr} + ${name}`, names[0]!);
  const session = new Session(engine.defaults);
  const runText = (text: string): Promise<unknown> => executeScript({ name: 'model', text }, engine, session);
  const columns = names.map((name) => `${name} DOUBLE`).join(', ');
  await runText(`CREATE STREAM events (k STRING KEY, ${columns}) WITH (KAFKA_TOPIC='events', VALUE_FORMAT='JSON');`);
  if (isScored)
    await runText(`CREATE MODEL m INPUT (${columns}) OUTPUT (label BIGINT, scores ARRAY<DOUBLE>)
      WITH (PROVIDER='onnx', PATH='${path}', INPUT_TENSOR='X');`);
  // The model is loaded.
  const begun = process.cpuUsage();
  await runText(
    isScored
      ? `CREATE STREAM out AS SELECT k, ${sum} AS total, p.label AS label FROM events INVOKE MODEL m USING (*) AS p;`
      : `CREATE STREAM out AS SELECT k, ${sum} AS total FROM events;`,
  );
  const [query] = engine.catalog.queries.keys();
  while (node.status(query!)!.recordsIn < count) await new Promise((resolve) => setTimeout(resolve, 10));
  const { user, system } = process.cpuUsage(begun);
  await running.close();
  return (user + system) / 1e6;
}
