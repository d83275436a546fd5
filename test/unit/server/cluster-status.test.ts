import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunningNode } from '../../../src/cli/start-node.ts';
import { ksql, startWith } from '../../support/access.ts';

let node: RunningNode;
beforeAll(async () => {
  node = await startWith({});
  await ksql(
    node,
    {},
    `CREATE STREAM s (k STRING KEY, v INT) WITH (kafka_topic='s', value_format='JSON', partitions=2);
     CREATE TABLE t AS SELECT k, COUNT(*) AS n FROM s GROUP BY k;
     CREATE STREAM f AS SELECT * FROM s WHERE v > 0;
     INSERT INTO s VALUES ('a', 1); INSERT INTO s VALUES ('b', 2); INSERT INTO s VALUES ('c', 3);`,
  );
});
afterAll(() => node.close());

interface Offsets {
  readonly partition: number;
  readonly logStartOffset: number;
  readonly logEndOffset: number;
  readonly consumerOffset: number;
}
interface Described {
  readonly sourceDescription: {
    readonly queryOffsetSummaries: { readonly groupId: string; readonly topicSummaries: { offsets: Offsets[] }[] }[];
  };
}
const described = async (sql: string): Promise<Described> => {
  const [first] = JSON.parse((await ksql(node, {}, sql)).text) as Described[];
  return first!;
};
const sums = (offsets: readonly Offsets[], field: keyof Offsets): number =>
  offsets.reduce((sum, each) => sum + each[field], 0);

test('DESCRIBE EXTENDED tells where the queries that write a source are in what they read', async () => {
  const offsets = async (): Promise<Offsets[]> => {
    const { queryOffsetSummaries } = (await described('DESCRIBE t EXTENDED;')).sourceDescription;
    expect(queryOffsetSummaries.map(({ groupId }) => groupId)).toEqual(['CTAS_T_0']);
    return queryOffsetSummaries[0]!.topicSummaries[0]!.offsets;
  };
  await expect.poll(async () => sums(await offsets(), 'consumerOffset')).toBe(3);
  const read = await offsets();
  expect(read.map(({ partition }) => partition)).toEqual([0, 1]);
  expect(sums(read, 'logEndOffset')).toBe(3);
  expect(sums(read, 'logStartOffset')).toBe(0);

  await ksql(node, {}, 'PAUSE CTAS_T_0;');
  await ksql(node, {}, "INSERT INTO s VALUES ('d', 4);");
  await expect.poll(async () => sums(await offsets(), 'logEndOffset')).toBe(4);
  expect(sums(await offsets(), 'consumerOffset')).toBe(3);
  expect((await described('DESCRIBE t;')).sourceDescription.queryOffsetSummaries).toEqual([]);
  expect((await described('DESCRIBE s EXTENDED;')).sourceDescription.queryOffsetSummaries).toEqual([]);
});

test('/clusterStatus tells what this node runs, with its stores and lags', async () => {
  const host = new URL(node.server.url).host;
  const body = (await (await fetch(`${node.server.url}/clusterStatus`)).json()) as {
    clusterStatus: Record<string, { hostStoreLags: { stateStoreLags: Record<string, object> } }>;
  };
  expect(Object.keys(body.clusterStatus)).toEqual([host]);
  const partitions = [0, 1].map((partition) => ({ topic: 's', partition }));
  expect(body.clusterStatus[host]).toMatchObject({
    hostAlive: true,
    activeStandbyPerQuery: {
      CTAS_T_0: {
        activeStores: ['Aggregate-1'],
        activePartitions: partitions,
        standByStores: [],
        standByPartitions: [],
      },
      CSAS_F_1: { activeStores: [], activePartitions: partitions },
    },
  });
  const { stateStoreLags } = body.clusterStatus[host]!.hostStoreLags;
  expect(Object.keys(stateStoreLags)).toEqual(['CTAS_T_0#Aggregate-1']);
  const lags = Object.values((Object.values(stateStoreLags)[0] as { lagByPartition: object }).lagByPartition) as {
    offsetLag: number;
  }[];
  expect(lags.reduce((sum, { offsetLag }) => sum + offsetLag, 0)).toBe(1);
});
