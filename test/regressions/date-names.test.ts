import { expect, test } from 'vitest';
import { formatDate, parseTimeText } from '../../src/types/dates/index.ts';

// Names in English were loaded after the pattern that needs them was built, which failed for the first pattern of a process.
test('the first pattern with a name in it is understood', () => {
  expect(formatDate(18_993, 'dd-MMM-yyyy')).toBe('01-Jan-2022');
  expect(parseTimeText('01:00:00 Pm', 'hh:mm:ss a')).toBe(46_800_000);
});
