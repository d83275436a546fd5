import { createRequire } from 'node:module';
import { afterEach, expect, test, vi } from 'vitest';
import { Wire } from '../../../src/adapters/kafka/wire.ts';
import { WireError } from '../../../src/adapters/kafka/wire-error.ts';

const require = createRequire(import.meta.url);
const { createErrorFromCode } = require('kafkajs/src/protocol/error') as {
  readonly createErrorFromCode: (code: number) => Error;
};
const Cluster = require('kafkajs/src/cluster') as {
  readonly prototype: { findGroupCoordinator(): Promise<{ endTxn(): Promise<void> }> };
};
afterEach(() => vi.restoreAllMocks());

/** The answers of a coordinator to EndTxn, one after the other, as codes of the protocol. */
function answering(...codes: readonly number[]): { readonly wire: Wire; readonly asked: () => number } {
  let asked = 0;
  const endTxn = (): Promise<void> => {
    const code = codes[Math.min(asked++, codes.length - 1)]!;
    return code === 0 ? Promise.resolve() : Promise.reject(createErrorFromCode(code));
  };
  vi.spyOn(Cluster.prototype, 'findGroupCoordinator').mockResolvedValue({ endTxn });
  return { wire: new Wire({ 'bootstrap.servers': '127.0.0.1:1' }, 'test'), asked: () => asked };
}
const commit = (wire: Wire): Promise<unknown> => wire.endTransaction('id', { id: 1n, epoch: 0 }, true);

test('a commit that is fenced is told so, though the coordinator fails at it meanwhile', async () => {
  const { wire, asked } = answering(-1, -1, 51, 47);
  const error: unknown = await commit(wire).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(WireError);
  expect((error as WireError).isFenced).toBe(true);
  expect(asked()).toBe(4);
});

test('a commit that a coordinator failed at twice, and then did, has been done', async () => {
  const { wire, asked } = answering(-1, -1, 0);
  await commit(wire);
  expect(asked()).toBe(3);
});

test('a commit that the coordinator refuses is not asked for again', async () => {
  const { wire, asked } = answering(53);
  await expect(commit(wire)).rejects.toThrow('TRANSACTIONAL_ID_AUTHORIZATION_FAILED');
  expect(asked()).toBe(1);
});
