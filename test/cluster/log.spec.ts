import { MemoryBackend } from '../../src/adapters/memory/memory-backend.ts';
import { Fetcher } from '../../src/adapters/kafka/fetcher.ts';
import { KafkaTaskLog } from '../../src/adapters/kafka/task-log.ts';
import { changelogTopic } from '../../src/adapters/kafka/names.ts';
import { Wire } from '../../src/adapters/kafka/wire.ts';
import { batchesOf } from '../../src/runtime/topic-records.ts';
import { logContract, type LogUnderTest, type OpenLog } from '../contract/log.ts';
import { brokers, createTopic } from './support.ts';

let names = 0;

logContract('kafka, exactly once', async () => {
  const stamp = `${Date.now()}_${names++}`;
  const wires: Wire[] = [];
  const connect = async (): Promise<Wire> => {
    const wire = new Wire({ 'bootstrap.servers': brokers }, 'log-contract');
    wires.push(wire);
    await wire.connect();
    return wire;
  };
  const admin = await connect();
  const backends = new Map<string, MemoryBackend>();
  const fetchers = new Map<OpenLog, Fetcher>();
  const groups = new Set<string>();
  let topics = 0;
  const create = async (topic: string, partitions: number): Promise<string> => {
    await createTopic(topic, partitions);
    await admin.watch([topic]);
    return topic;
  };
  return {
    createTopic: (partitions) => create(`log_${stamp}_${topics++}`, partitions),
    produce: async (topic, partition, values) => {
      const records = values.map((value) => ({ key: null, value, timestamp: 1, partition }));
      await admin.produce(
        batchesOf(records, partition + 1).map((batch) => ({ topic, ...batch })),
        null,
      );
    },
    open: async (task) => {
      const group = `log_${stamp}_${task}`;
      if (!groups.has(group)) {
        groups.add(group);
        await create(changelogTopic(group, 0), 1);
      }
      const backend = backends.get(task) ?? new MemoryBackend();
      backends.set(task, backend);
      const wire = await connect();
      const spec = { group, part: 0, partition: 0, exactlyOnce: true, hasState: true };
      const log = new KafkaTaskLog(spec, { wire, backend, commitOffsets: () => Promise.resolve() });
      const opened = { log, backend, statePrefix: log.statePrefix };
      fetchers.set(opened, new Fetcher(wire));
      return opened;
    },
    fill: async (opened, inputs) => {
      // Behind an open transaction each waits as long as it may.
      for (let round = 0; round < 5; round++) {
        await fetchers.get(opened)!.fetch(inputs);
        if (inputs.every(({ fetched, knownEnd }) => fetched >= knownEnd)) return;
      }
    },
    close: async () => {
      for (const wire of wires) await wire.disconnect();
    },
  } satisfies LogUnderTest;
});
