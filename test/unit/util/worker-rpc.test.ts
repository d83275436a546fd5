import { MessageChannel } from 'node:worker_threads';
import { afterEach, expect, test, vi } from 'vitest';
import { RemoteError, WorkerRpc } from '../../../src/util/worker-rpc.ts';

interface Calculator {
  add(a: number, b: number): number;
  later(value: string): Promise<string>;
  fail(): never;
  note(value: string): void;
}
interface Caller {
  factor(): number;
}

const channels: MessageChannel[] = [];
afterEach(() => channels.splice(0).forEach((each) => each.port1.close()));

function connect() {
  const channel = new MessageChannel();
  channels.push(channel);
  const note = vi.fn<(value: string) => void>();
  const there = new WorkerRpc<Caller, Calculator>(channel.port2, {
    add: (a, b) => a + b,
    later: (value) => new Promise((resolve) => setTimeout(() => resolve(value), value === 'slow' ? 20 : 1)),
    fail: () => {
      throw new TypeError('it does not add up');
    },
    note,
  });
  const here = new WorkerRpc<Calculator, Caller>(channel.port1, { factor: () => 7 });
  return { here, there, note };
}

test('a call is answered, in both directions', async () => {
  const { here, there } = connect();
  await expect(here.call('add', 1, 2)).resolves.toBe(3);
  await expect(there.call('factor')).resolves.toBe(7);
});

test('answers find their calls whatever their order', async () => {
  const { here } = connect();
  const calls = [here.call('later', 'slow'), here.call('later', 'fast')];
  expect(here.waiting).toBe(2);
  await expect(Promise.race(calls)).resolves.toBe('fast');
  await expect(Promise.all(calls)).resolves.toEqual(['slow', 'fast']);
  expect(here.waiting).toBe(0);
});

test('an error there is an error here', async () => {
  const { here } = connect();
  await expect(here.call('fail')).rejects.toThrow(new RemoteError('it does not add up'));
  expect(here.waiting).toBe(0);
});

test('what is only told has no answer and keeps its place among the calls', async () => {
  const { here, note } = connect();
  here.tell('note', 'first');
  await here.call('add', 1, 1);
  expect(note).toHaveBeenCalledExactlyOnceWith('first');
  expect(here.waiting).toBe(0);
});

test('when the other side is gone all calls fail', async () => {
  const { here } = connect();
  const call = here.call('later', 'slow');
  here.fail('the worker has crashed');
  await expect(call).rejects.toThrow('the worker has crashed');
  await expect(here.call('add', 1, 2)).rejects.toThrow('the worker has crashed');
});
