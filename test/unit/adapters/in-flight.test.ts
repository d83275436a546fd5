import { describe, expect, it, vi } from 'vitest';
import { InFlight } from '../../../src/adapters/models/in-flight.ts';

/** Starts work that ends when it is told to; `started` has those whose turn came, in order. */
function works() {
  const inFlight = new InFlight();
  const started: string[] = [];
  const ends = new Map<string, () => void>();
  const run = (name: string, most: number, deadline = Infinity): Promise<void> =>
    inFlight.run(most, deadline, () => {
      started.push(name);
      return new Promise((resolve) => ends.set(name, resolve));
    });
  const end = async (name: string): Promise<void> => {
    ends.get(name)!();
    await new Promise(setImmediate);
  };
  return { started, run, end };
}

describe('batches in flight', () => {
  it('let 2,000 wait once each, and never more run than may', async () => {
    const inFlight = new InFlight();
    const timers = vi.spyOn(globalThis, 'setTimeout');
    let running = 0;
    let most = 0;
    const order: number[] = [];
    const all = Array.from({ length: 2004 }, (_, i) =>
      inFlight.run(4, performance.now() + 60_000, async () => {
        order.push(i);
        most = Math.max(most, ++running);
        await Promise.resolve();
        running--;
      }),
    );
    await Promise.all(all);
    // Each wait until a deadline has a timer of its own.
    const waits = timers.mock.calls.length;
    timers.mockRestore();
    expect({ waits, most }).toEqual({ waits: 2000, most: 4 });
    expect(order).toEqual(Array.from({ length: 2004 }, (_, i) => i));
  });

  it('go before those in front that have no room yet', async () => {
    const { started, run, end } = works();
    void run('a', 3);
    void run('b', 3);
    void run('c', 3);
    void run('one', 1);
    void run('three', 3);
    await end('a');
    expect(started).toEqual(['a', 'b', 'c', 'three']);
    await end('b');
    await end('c');
    expect(started).toEqual(['a', 'b', 'c', 'three']);
    await end('three');
    expect(started).toEqual(['a', 'b', 'c', 'three', 'one']);
  });

  it('that waited to their deadline take no place, nor does work that fails', async () => {
    const { started, run, end } = works();
    void run('a', 1);
    const late = run('late', 1, performance.now() + 5);
    const next = run('next', 1);
    await expect(late).rejects.toMatchObject({
      failure: 'DEADLINE',
      message: 'the deadline was over while other batches were scored',
    });
    await end('a');
    expect(started).toEqual(['a', 'next']);
    await end('next');
    await next;

    const inFlight = new InFlight();
    const failing = inFlight.run(1, Infinity, () => Promise.reject(new Error('no')));
    const after = inFlight.run(1, Infinity, () => Promise.resolve('done'));
    await expect(failing).rejects.toThrow('no');
    await expect(after).resolves.toBe('done');
  });
});
