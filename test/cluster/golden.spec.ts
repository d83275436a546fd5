import { expect, test } from 'vitest';
import { repartitionTopic } from '../../src/adapters/kafka/names.ts';
import { pendingVersions } from '../../src/catalog/view-versions.ts';
import { startNode } from '../../src/cli/start-node.ts';
import { readSettings } from '../../src/config/settings.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { Session } from '../../src/engine/session.ts';
import { subTopologies } from '../../src/plan/physical/topology.ts';
import { executeScript } from '../../src/statements/index.ts';
import { retry } from '../../src/util/retry.ts';
import { goldenFiles, runGolden } from '../golden/golden.ts';
import type { TestEngine } from '../support/memory-node.ts';
import { brokers, newAdmin } from './support.ts';

/** The topics that a query reads, those between its stages too. */
function inputsOf(engine: Engine, id: string, group: string): string[] {
  return subTopologies(engine.catalog.queries.get(id)!.plan).flatMap(({ inputs }) =>
    inputs.map((input) => (input.op === 'repartition' ? repartitionTopic(group, input.id) : input.source.topic)),
  );
}

async function openOnBroker(folder: string, prefix: string): Promise<TestEngine> {
  const service = `${prefix}test_`;
  const admin = newAdmin();
  await admin.connect();
  const node = await startNode(
    readSettings(
      {
        'bootstrap.servers': brokers,
        'ksql.service.id': service,
        'state.dir': folder,
        listeners: 'http://127.0.0.1:0',
        'auto.offset.reset': 'earliest',
        'cache.max.bytes.buffering': '0',
        'commit.interval.ms': '100',
        'ksql.streams.num.stream.threads': '1',
        'ksql.output.topic.name.prefix': prefix,
      },
      {},
      undefined,
    ),
  );
  const { engine } = node;
  const endOf = async (topic: string): Promise<number> =>
    // A topic that was just made has no partitions for a moment, which the client does not expect.
    (await retry(() => admin.fetchTopicOffsets(topic), { retries: 20, firstMs: 50, longestMs: 200 })).reduce(
      (sum, { offset }) => sum + Number(offset),
      0,
    );
  const committed = async (groupId: string): Promise<number> =>
    (await admin.fetchOffsets({ groupId }))
      .flatMap(({ partitions }) => partitions)
      .reduce((sum, { offset }) => sum + Math.max(0, Number(offset)), 0);
  /** Whether every query has read all that its topics hold, and how much that was. */
  const progress = async (): Promise<{ readonly isDone: boolean; readonly read: number }> => {
    // A version of a view is to be live too.
    let isDone = pendingVersions(engine.catalog).length === 0;
    let read = 0;
    for (const id of engine.catalog.queries.keys()) {
      const ends = await Promise.all(inputsOf(engine, id, `_millrace-${service}query_${id}`).map(endOf));
      const status = engine.node.status(id);
      if (status?.error !== undefined) throw new TypeError(`${id}: ${status.error}`);
      const wanted = ends.reduce((sum, end) => sum + end, 0);
      // A query that was replaced counts anew, from the offsets that its group had committed.
      isDone &&= (status?.recordsIn ?? 0) >= wanted || (await committed(`_millrace-${service}query_${id}`)) >= wanted;
      read += status?.recordsIn ?? 0;
    }
    return { isDone, read };
  };
  return {
    engine,
    folder,
    run: (sql) => executeScript({ name: 'test', text: sql }, engine, new Session(engine.defaults)),
    settle: async () => {
      // What a query has read may still make records for the next one: nothing new for some reports of the workers.
      const limit = Date.now() + 30_000;
      let before = -1;
      for (let quiet = 0; quiet < 4;) {
        if (Date.now() > limit) throw new TypeError('the queries do not come to the end of their topics');
        const { isDone, read } = await progress();
        quiet = isDone && read === before ? quiet + 1 : 0;
        before = read;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    },
    close: async () => {
      await node.close();
      await admin.disconnect();
    },
  };
}

let files = 0;
// A file waits most of its time: two at once.
test.concurrent.each(goldenFiles.filter(({ file }) => !file.once))(
  'golden file $name on the broker',
  async ({ name, file }) => {
    const prefix = `g${Date.now()}${files++}_`;
    const results = await runGolden(file, 'broker', (folder) => openOnBroker(folder, prefix), prefix);
    for (const { block, actual, expected } of results) expect(actual, `${name}:${block.line}`).toBe(expected);
  },
);
