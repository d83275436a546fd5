import { expect, test } from 'vitest';
import { HistorySearch } from '../../../src/repl/history-search.ts';

const history = ['SELECT 3;', 'show tables;', 'SELECT 2;', 'SHOW STREAMS;'];

test('looks back from the newest for what is typed, letter by letter, then for older ones', () => {
  const search = new HistorySearch(history);
  expect([search.found, search.prompt]).toEqual(['', "(reverse-i-search)`': "]);
  search.add('s');
  expect(search.found).toBe('SELECT 3;');
  search.add('how');
  expect(search.found).toBe('show tables;');
  search.older();
  expect(search.found).toBe('SHOW STREAMS;');
  search.older();
  expect(search.found).toBe('SHOW STREAMS;');
  search.add('x');
  expect([search.found, search.prompt]).toEqual(['', "(failed reverse-i-search)`showx': "]);
  search.back();
  expect([search.found, search.prompt]).toEqual(['show tables;', "(reverse-i-search)`show': "]);
  for (const _ of 'show') search.back();
  expect([search.found, search.prompt]).toEqual(['', "(reverse-i-search)`': "]);
});
