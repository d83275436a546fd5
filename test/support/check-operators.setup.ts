import { afterEach, expect } from 'vitest';
import { violations } from './checked.ts';
import { checkOperators } from './checked-steps.ts';

// Before each test file: check the contract of every operator that it runs.
checkOperators();
afterEach(() => {
  expect(violations.splice(0)).toEqual([]);
});
