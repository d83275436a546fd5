import { expect, test } from 'vitest';
import { renderEntity } from '../../../src/repl/entities.ts';

const shown = (type: string, fields: object): string =>
  renderEntity({ '@type': type, statementText: '', warnings: [], ...fields }, 100, 'tabular').text;

test('a monitor, a training set and what was deleted are told as people read them', () => {
  const check = { constraint: 'NULLS', segment: null, metric: 'NULL_RATE(A)', value: 0.5, threshold: 0.1, rowCount: 4 };
  const monitor = { name: 'M', target: 'S', state: 'ALERT', query: 'MONITOR_M_0', topic: 'M', statement: 'CREATE …' };
  const told = shown('monitor_description', { monitor: { ...monitor, checks: [{ ...check, state: 'ALERT' }] } });
  expect(told).toContain('Monitor   : M\nTarget    : S\nState     : ALERT\nQuery     : MONITOR_M_0\n');
  expect(told).toMatch(/NULLS .*NULL_RATE\(A\) .*0\.5 .*0\.1 .*4 .*ALERT/);
  expect(shown('monitor_description', { monitor: { ...monitor, checks: [] } })).not.toContain('Check');
  const set = {
    name: 'T',
    state: 'DONE',
    path: '/t',
    spineRows: 7,
    rows: 7,
    label: null,
    error: null,
    statement: 'CREATE …',
  };
  expect(shown('training_set_description', { trainingSet: set })).toBe(
    'Name      : T (training set)\nState     : DONE\nPath      : /t\nSpine rows: 7\nRows      : 7\nStatement : CREATE …',
  );
  expect(shown('entity_deleted', { view: 'V' })).toBe('The entity was deleted from feature view V.');
});
