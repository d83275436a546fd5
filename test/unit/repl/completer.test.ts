import { expect, test } from 'vitest';
import { Completer } from '../../../src/repl/completer.ts';

const described = (name: string, ...columns: string[]) => ({
  name,
  fields: columns.map((column) => ({ name: column })),
});
const completer = new Completer({
  execute: () =>
    Promise.resolve([
      { sourceDescriptions: [described('CLICKS', 'USER_ID', 'PAGE')] },
      { sourceDescriptions: [described('USERS', 'USER_ID', 'NAME')] },
      { functions: [{ name: 'UCASE' }, { name: 'COUNT' }] },
    ]),
});
const complete = async (text: string): Promise<string> => (await completer.complete(text))[0].join(' ');

test.each([
  [
    '',
    'ALTER ASSERT BACKFILL CREATE DEFINE DELETE DESCRIBE DROP EXPLAIN INSERT LIST MATERIALIZE PAUSE PRINT RESUME SELECT SET SHOW SUMMARIZE TERMINATE UNDEFINE UNSET VERIFY WITH',
  ],
  ['SEL', 'SELECT'],
  ['sel', 'select'],
  ['CREATE ST', 'STREAM'],
  ['CREATE STREAM U', ''],
  ['DROP T', 'TABLE TRAINING TYPE'],
  ['DROP TABLE ', 'CLICKS IF USERS'],
  ['INSERT INTO ', 'CLICKS USERS'],
  ['SELECT * FROM ', 'CLICKS FILE ML_EVALUATE ML_PREDICT TABLE USERS'],
  ['SELECT * FROM cl', 'CLICKS'],
  ['SELECT U', 'UCASE USERS USER_ID'],
  ['SELECT * FROM users WHERE N', 'NAME NOT NULL'],
  ['SELECT * FROM clicks WHERE N', 'NOT NULL'],
  ['SELECT * FROM clicks WHERE page = 1 G', 'GROUP'],
  ['SELECT page FROM clicks\nGROUP BY P', 'PAGE'],
  ['SELECT * FROM clicks WHERE page = 1 EMIT ', 'CHANGES FINAL'],
  ['SHOW S; SELECT * FROM us', 'USERS'],
  ['SELECT * FROM clicks; DROP ST', 'STREAM'],
])('completes %j by what the grammar expects', async (text, expected) => {
  expect(await complete(text)).toBe(expected);
});

test('behind what the grammar does not know every word is completed', async () => {
  expect(await complete('NEWER THING us')).toContain('USERS USER_ID');
});
