import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { loadRocks } from '../../../src/adapters/rocksdb/binding.ts';
import type { SqlError } from '../../../src/diagnostics/sql-error.ts';

test('where the package has no build for a machine the error says which it has', () => {
  let refused: Partial<SqlError> = {};
  try {
    loadRocks(() => createRequire(import.meta.url)('no-such-build') as unknown);
  } catch (error) {
    refused = error as SqlError;
  }
  expect(refused.code).toBe('STATE_UNAVAILABLE');
  expect(refused.message).toMatch(
    /RocksDB, which holds the state, cannot be loaded on \w+-\w+; its package has builds for darwin-arm64 and linux-x64: Cannot find module 'no-such-build'/,
  );
  expect(loadRocks()).toHaveProperty('RocksLevel');
});
