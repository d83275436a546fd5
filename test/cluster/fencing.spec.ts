import { expect, test } from 'vitest';
import { TaskProducer } from '../../src/adapters/kafka/task-producer.ts';
import { WireError } from '../../src/adapters/kafka/wire-error.ts';
import { Wire } from '../../src/adapters/kafka/wire.ts';
import { brokers, createTopic, readAll } from './support.ts';

const rounds = 60;

test('producers that take one transactional id from each other: a commit is done, or told to be overtaken', async () => {
  const name = `fenced_${Date.now()}`;
  await createTopic(name, 1);
  const committed: string[] = [];
  const overtaken: string[] = [];
  const compete = async (producer: number): Promise<void> => {
    const wire = new Wire({ 'bootstrap.servers': brokers }, `producer-${producer}`);
    await wire.connect();
    await wire.watch([name]);
    for (let round = 0; round < rounds; round++) {
      const value = `${producer}/${round}`;
      try {
        const task = new TaskProducer(wire, name);
        await task.init();
        task.add(name, 0, 1, null, value);
        await task.flush();
        await task.commit(new Map());
        committed.push(value);
      } catch (error) {
        if (!(error instanceof WireError) || !error.isOvertaken) throw error;
        overtaken.push(value);
      }
    }
    await wire.disconnect();
  };
  await Promise.all([0, 1, 2].map(compete));
  const read = (await readAll(name)).map(({ value }) => value!.toString());
  expect(read.sort()).toEqual(committed.sort());
  expect(overtaken.length).toBeGreaterThan(0);
});
