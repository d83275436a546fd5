import { afterEach, describe, expect, test } from 'vitest';
import { batchOf, noChanges, rowsOf } from '../../../src/runtime/batch.ts';
import { Change, replaceRows } from '../../../src/runtime/change.ts';
import type { Operator } from '../../../src/runtime/operator.ts';
import { STRING, type Row } from '../../../src/types/sql-type.ts';
import config from '../../../config/vitest.config.ts';
import { openEngine } from '../../support/memory-node.ts';
import { checked, violations, type Contract } from '../../support/checked.ts';
import { checkOperators } from '../../support/checked-steps.ts';

afterEach(() => violations.splice(0));

const table: Contract = { name: 'it', before: 'rows', fresh: true, owns: [], makes: false, types: [STRING] };
const row = (text: string | undefined): Row | undefined => text?.split(' ');
/** A change of key k. */
const k = (before: string | undefined, after: string | undefined, sequence = 0): Change =>
  new Change(['k'], row(before), row(after), 5, sequence);
/** What a checked operator does that gives some changes, whatever it gets. */
const gives = (contract: Partial<Contract>, ...batches: Change[][]): (() => void) => {
  let at = 0;
  const operator = checked({ process: () => batchOf(batches[at++]!) }, { ...table, ...contract });
  return () =>
    batches.forEach((batch) => {
      void operator.process([batchOf([k(undefined, 'in', Math.max(0, ...batch.map(({ sequence }) => sequence)))])]);
    });
};

describe('an operator is held to', () => {
  test('the order of sequence, of what it gets and of what it gives', () => {
    expect(gives({}, [k(undefined, 'a', 2), k('a', 'b', 1)])).toThrow('it gave 1 behind 2');
    const passes = checked({ process: ([changes]) => changes! }, table);
    expect(() => passes.process([batchOf([k(undefined, 'a', 2), k('a', 'b', 1)])])).toThrow(
      'it was given input 0 out of order: 1 behind 2',
    );
    const drains = checked(
      { process: () => noChanges, drain: () => [batchOf([k(undefined, 'a', 3)]), batchOf([k('a', 'b', 2)])] },
      table,
    );
    expect(() => [...drains.drain!()]).toThrow('it drained 2 behind 3');
  });

  test('sequences of what it was given', () => {
    const early = checked({ process: () => batchOf([k(undefined, 'a', 9)]) }, table);
    expect(() => early.process([batchOf([k(undefined, 'x', 1)])])).toThrow(
      'it gave 9, which is above all it was given',
    );
  });

  test('a before that is what it gave last', () => {
    expect(gives({}, [k(undefined, 'a')], [k('a', 'b'), k('b', undefined), k(undefined, 'c')])).not.toThrow();
    expect(gives({}, [k(undefined, 'a')], [k('b', 'c')])).toThrow('it gave a before that it did not give last');
    expect(gives({}, [k('a', 'b')])).toThrow('last nothing');
    expect(gives({ fresh: false }, [k('a', 'b'), k('b', 'c')])).not.toThrow();
    expect(gives({ fresh: false }, [k('a', 'b'), k('a', 'c')])).toThrow('last ["b"]');
  });

  test('taking back only what it gave, where a key has several rows', () => {
    const moves = { before: 'moves' } as const;
    expect(gives(moves, [k(undefined, 'a'), k(undefined, 'b'), k('a', undefined), k('b', 'c')])).not.toThrow();
    expect(gives(moves, [k(undefined, 'a'), k('b', undefined)])).toThrow('it took back what it did not give');
  });

  test('no before in a stream, and one final row', () => {
    expect(gives({ before: 'appends' }, [k('a', 'b')])).toThrow('which nobody asked for');
    expect(gives({ before: 'once' }, [k(undefined, 'a')], [k(undefined, 'a')])).toThrow('it gave a final row twice');
  });

  test('the types of its columns', () => {
    expect(gives({}, [k(undefined, 'a b')])).toThrow('it gave 2 columns and has 1');
    expect(gives({}, [new Change(['k'], undefined, [5], 5, 0)])).toThrow('it gave 5 for column 1, STRING');
  });

  test('leaving alone what is not its own', () => {
    const inPlace: Operator = {
      process: ([changes]) => {
        for (const change of rowsOf(changes!)) replaceRows(change, undefined, ['new']);
        return changes!;
      },
    };
    const stream: Contract = { ...table, before: 'appends' };
    expect(() => checked(inPlace, stream).process([batchOf([k(undefined, 'a')])])).toThrow(
      'it changed a change of input 0 in place',
    );
    expect(() => checked(inPlace, { ...stream, owns: [true] }).process([batchOf([k(undefined, 'a')])])).not.toThrow();
    const same = k(undefined, 'a');
    expect(gives({ ...stream, makes: true }, [same], [same])).toThrow('it gave one change twice');
  });

  test('never changing a row that it gave', () => {
    const list = ['a'];
    const operator = checked(
      { process: () => batchOf([new Change(['k'], undefined, list, 5, 0)]) },
      { ...table, before: 'appends' },
    );
    void operator.process([batchOf([k(undefined, 'x')])]);
    expect(() => list.push('b')).toThrow(TypeError);
  });
});

test('the operators of every query are checked, and the size of their state', async () => {
  const engine = await openEngine();
  await engine.run(`CREATE STREAM s (k STRING KEY, v STRING) WITH (kafka_topic='s', value_format='JSON', partitions=1);
    CREATE TABLE t AS SELECT k, LATEST_BY_OFFSET(v) AS v FROM s GROUP BY k;`);
  checkOperators(100);
  await engine.close();
  const again = await openEngine(engine.folder);
  try {
    await again.run(`INSERT INTO s VALUES ('a', '${'x'.repeat(200)}');`);
    await again.settle();
    expect(violations.join()).toMatch(/^streamAggregate \S+: one entry of its state has 2\d\d bytes$/);
  } finally {
    await again.close();
  }
});

test('all tests are set up with it', () => {
  expect(config.test?.setupFiles).toContain('test/support/check-operators.setup.ts');
});
