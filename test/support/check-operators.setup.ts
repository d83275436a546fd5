import { afterEach, expect } from 'vitest';
import { violations } from './checked.ts';
import { checkOperators } from './checked-steps.ts';

// Before each file of tests: the operators that it runs are held to their contract.
checkOperators();
afterEach(() => {
  expect(violations.splice(0)).toEqual([]);
});
