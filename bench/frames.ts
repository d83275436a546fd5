import { RocksBackend } from '../src/adapters/rocksdb/rocks-backend.ts';
import { benchEvents, inBatches } from './events.ts';
import { NullLog } from './null-log.ts';
import { benchFolder, feed, planOf, startTask } from './path-task.ts';
import { runBench } from './runs.ts';

const stepMs = 10;
const sizes = [100, 1000, 10_000, 100_000, 1_000_000];
const commitRecords = 200_000;
/** By then the code is compiled. */
const warmUpEvents = 100_000;
const batchesAtOnce = 4;
/** A case that needs longer to fill its frame is skipped. */
const fillMs = 30_000;

const range = (size: number): string => `RANGE BETWEEN INTERVAL '${(size - 1) * stepMs}' MILLISECONDS PRECEDING`;
const rows = (size: number): string => `ROWS BETWEEN ${size - 1} PRECEDING`;

/** The calls of each case, and the start of a frame that holds `size` events. */
const frames: Readonly<
  Record<string, { readonly calls: readonly string[]; readonly start: (size: number) => string }>
> = {
  count: { calls: ['COUNT(*)'], start: range },
  'sum-count': { calls: ['SUM(amount)', 'COUNT(*)'], start: range },
  'min-max': { calls: ['MIN(amount)', 'MAX(amount)'], start: range },
  'count-distinct': { calls: ['COUNT_DISTINCT(merchant_id)'], start: range },
  rows: { calls: ['SUM(amount)', 'COUNT(*)'], start: rows },
};

function frameSql(calls: readonly string[], start: string): string {
  const over = `OVER (PARTITION BY k ORDER BY ts ${start} AND CURRENT ROW)`;
  return `CREATE STREAM events (k STRING KEY, user_id STRING, event_type STRING, amount DOUBLE, merchant_id STRING, ts BIGINT, country STRING, device STRING)
      WITH (KAFKA_TOPIC='events', VALUE_FORMAT='JSON');
    CREATE STREAM result WITH (KAFKA_TOPIC='out') AS
      SELECT k, ${calls.map((call, i) => `${call} ${over} AS c${i}`).join(', ')} FROM events EMIT CHANGES;`;
}

interface Options {
  /** One of `frames`; all of them when it is not given. */
  readonly frame: string | undefined;
  /** How many events the frame holds; all of `sizes` when it is not given. */
  readonly size: string | undefined;
  readonly events: string;
  readonly seconds: string;
}

/**
 * The cost of an event of one key by the size of its frame: CPU nanoseconds from input bytes to output bytes, state in RocksDB,
 * no log. Each case runs in a process of its own. A line has the ratio to the smallest frame, and to COUNT over the same frame.
 */
export async function benchFrames({ frame, size, events, seconds }: Options): Promise<void> {
  if (frame !== undefined && size !== undefined)
    return oneFrame(frame, Number(size), Number(events), Number(seconds) * 1000);
  const counts = new Map<number, number>();
  for (const name of frame === undefined ? Object.keys(frames) : [frame]) {
    let smallest: number | undefined;
    for (const frameSize of size === undefined ? sizes : [Number(size)]) {
      const args = ['--frame', name, '--size', String(frameSize), '--events', events, '--seconds', seconds];
      const result = runBench('frames', args);
      const cost = result['cpu_ns_per_event'];
      if (typeof cost !== 'number') {
        console.log(JSON.stringify(result));
        continue;
      }
      smallest ??= cost;
      if (name === 'count') counts.set(frameSize, cost);
      const count = counts.get(frameSize);
      console.log(
        JSON.stringify({
          ...result,
          to_smallest: Number((cost / smallest).toFixed(2)),
          ...(count === undefined ? {} : { to_count: Number((cost / count).toFixed(2)) }),
        }),
      );
    }
  }
}

async function oneFrame(name: string, size: number, events: number, limitMs: number): Promise<void> {
  const frame = frames[name];
  if (frame === undefined) throw new TypeError(`frame: ${Object.keys(frames).join(', ')}, not ${name}`);
  const plan = await planOf('frames', frameSql(frame.calls, frame.start(size)));
  const { folder, remove } = benchFolder();
  const backend = await RocksBackend.open(folder);
  const task = await startTask('frames', plan, new NullLog(), backend);
  const filling = Math.max(size, warmUpEvents);
  const batches = inBatches(benchEvents(filling + events, { users: 1, stepMs, late: 0 }))[Symbol.iterator]();
  let [processed, committed, wallMs, cpuUs] = [0, 0, 0, 0];
  const run = async (until: number, ms: number): Promise<boolean> => {
    [wallMs, cpuUs] = [0, 0];
    while (processed < until && wallMs < ms) {
      const fetched: Buffer[] = [];
      // Making the batches is not measured.
      for (let i = 0; i < batchesAtOnce; i++) {
        const next = batches.next();
        if (!next.done) fetched.push(next.value);
      }
      const [startedMs, startedCpu] = [performance.now(), process.cpuUsage()];
      await feed(task, 'events', fetched);
      processed = task.counts.in;
      if (processed - committed >= commitRecords) {
        committed = processed;
        await task.commit();
      }
      wallMs += performance.now() - startedMs;
      const { user, system } = process.cpuUsage(startedCpu);
      cpuUs += user + system;
    }
    return processed >= until;
  };
  const base = { bench: 'frames', frame: name, size };
  if (await run(size, fillMs)) {
    await run(filling, limitMs);
    const before = processed;
    await run(filling + events, limitMs);
    const measured = processed - before;
    console.log(
      JSON.stringify({
        ...base,
        events: measured,
        events_per_second: Math.round((measured / wallMs) * 1000),
        cpu_ns_per_event: Math.round((cpuUs * 1000) / measured),
      }),
    );
  } else {
    console.log(JSON.stringify({ ...base, gave_up: `${processed} events in ${Math.round(wallMs)} ms` }));
  }
  await task.close();
  await backend.close();
  remove();
}
