import { expect, test } from 'vitest';
import { slotColumn, type BoundColumn, type Expr, type Literal } from '../../../src/expressions/node.ts';
import { sameExpr, sameExprs } from '../../../src/expressions/same.ts';
import { array, BIGINT, BOOLEAN, INTEGER, STRING, struct } from '../../../src/types/sql-type.ts';

const a = slotColumn(0, 'A', INTEGER);
const b = slotColumn(1, 'B', INTEGER);
const text = slotColumn(2, 'T', STRING);
const one: Literal = { kind: 'literal', type: INTEGER, value: 1 };
const yes: Literal = { kind: 'literal', type: BOOLEAN, value: true };

/** Trees that all differ, some of every kind: in an operand, their order, their number, an operator, a name, the type. */
const distinct: { readonly [K in Expr['kind']]: readonly Extract<Expr, { kind: K }>[] } = {
  literal: [
    one,
    yes,
    { ...one, value: 2 },
    { ...one, type: BIGINT },
    { ...one, value: null },
    { ...one, value: null, typed: true },
    { ...one, type: STRING, value: '1' },
    { ...one, type: STRING, value: '{"kind":"call"}' },
  ],
  column: [a, b, text, slotColumn(0, 'A', STRING)],
  call: [
    { kind: 'call', fn: 'ABS', args: [a], type: INTEGER },
    { kind: 'call', fn: 'SIGN', args: [a], type: INTEGER },
    { kind: 'call', fn: 'ABS', args: [b], type: INTEGER },
    { kind: 'call', fn: 'GREATEST', args: [a, b], type: INTEGER },
    { kind: 'call', fn: 'GREATEST', args: [b, a], type: INTEGER },
    { kind: 'call', fn: 'GREATEST', args: [a, b, b], type: INTEGER },
  ],
  arithmetic: [
    { kind: 'arithmetic', op: '+', left: a, right: b, type: INTEGER },
    { kind: 'arithmetic', op: '-', left: a, right: b, type: INTEGER },
    { kind: 'arithmetic', op: '+', left: b, right: a, type: INTEGER },
    { kind: 'arithmetic', op: '+', left: a, right: b, type: BIGINT },
  ],
  negate: [
    { kind: 'negate', operand: a, type: INTEGER },
    { kind: 'negate', operand: b, type: INTEGER },
  ],
  compare: [
    { kind: 'compare', op: '=', left: a, right: b, type: BOOLEAN },
    { kind: 'compare', op: '<', left: a, right: b, type: BOOLEAN },
    { kind: 'compare', op: '<', left: b, right: a, type: BOOLEAN },
  ],
  logic: [
    { kind: 'logic', op: 'AND', left: yes, right: yes, type: BOOLEAN },
    { kind: 'logic', op: 'OR', left: yes, right: yes, type: BOOLEAN },
  ],
  not: [{ kind: 'not', operand: yes, type: BOOLEAN }],
  isNull: [
    { kind: 'isNull', operand: a, negated: false, type: BOOLEAN },
    { kind: 'isNull', operand: a, negated: true, type: BOOLEAN },
  ],
  distinct: [
    { kind: 'distinct', left: a, right: b, negated: false, type: BOOLEAN },
    { kind: 'distinct', left: a, right: b, negated: true, type: BOOLEAN },
  ],
  in: [
    { kind: 'in', operand: a, items: [one], type: BOOLEAN },
    { kind: 'in', operand: a, items: [one, one], type: BOOLEAN },
  ],
  like: [
    { kind: 'like', operand: text, pattern: text, escape: null, type: BOOLEAN },
    { kind: 'like', operand: text, pattern: text, escape: '!', type: BOOLEAN },
  ],
  case: [
    { kind: 'case', whens: [{ when: yes, then: a }], otherwise: b, type: INTEGER },
    { kind: 'case', whens: [{ when: yes, then: b }], otherwise: a, type: INTEGER },
  ],
  cast: [
    { kind: 'cast', operand: a, type: BIGINT },
    { kind: 'cast', operand: a, type: STRING },
  ],
  subscript: [{ kind: 'subscript', operand: slotColumn(3, 'L', array(INTEGER)), index: one, type: INTEGER }],
  field: ['F', 'G'].map((field) => ({
    kind: 'field' as const,
    operand: slotColumn(4, 'S', struct([])),
    field,
    type: INTEGER,
  })),
  array: [
    { kind: 'array', items: [], type: array(INTEGER) },
    { kind: 'array', items: [a], type: array(INTEGER) },
  ],
  map: [
    { kind: 'map', entries: [{ key: text, value: a }], type: { kind: 'MAP', key: STRING, value: INTEGER } },
    { kind: 'map', entries: [{ key: text, value: b }], type: { kind: 'MAP', key: STRING, value: INTEGER } },
  ],
  struct: [
    { kind: 'struct', fields: [a], type: struct([{ name: 'X', type: INTEGER }]) },
    { kind: 'struct', fields: [a], type: struct([{ name: 'Y', type: INTEGER }]) },
  ],
  lambda: [
    { kind: 'lambda', params: ['x'], body: a, type: INTEGER },
    { kind: 'lambda', params: ['y'], body: a, type: INTEGER },
  ],
  lambdaVariable: [
    { kind: 'lambdaVariable', name: 'x', type: INTEGER },
    { kind: 'lambdaVariable', name: 'y', type: INTEGER },
  ],
  unit: [
    { kind: 'unit', unit: 'DAYS', type: STRING },
    { kind: 'unit', unit: 'HOURS', type: STRING },
  ],
};

test('an expression is the same as its copy and as no other', () => {
  const all: readonly Expr[] = Object.values(distinct).flat();
  for (const [i, expr] of all.entries())
    for (const [j, other] of all.entries())
      expect(sameExpr(expr, structuredClone(other)), `${JSON.stringify(expr)} ${JSON.stringify(other)}`).toBe(i === j);
});

test('the order of properties and properties that are undefined say nothing', () => {
  expect(sameExpr(one, { value: 1, type: INTEGER, kind: 'literal' })).toBe(true);
  expect(sameExpr(one, { ...one, typed: undefined } as unknown as Expr)).toBe(true);
});

test('a column is known by its id or its slot, never by its name', () => {
  const bound = (id: number, name = 'A'): BoundColumn => ({ kind: 'column', id, name, type: INTEGER });
  expect(sameExpr(bound(1), bound(1, 'OTHER'))).toBe(true);
  expect(sameExpr(bound(1), bound(2))).toBe(false);
  expect(sameExpr(slotColumn(3, 'A', INTEGER), slotColumn(3, 'OTHER', INTEGER))).toBe(true);
  expect(sameExpr(slotColumn(3, 'A', INTEGER), slotColumn(4, 'A', INTEGER))).toBe(false);
  expect(sameExpr(bound(0), a)).toBe(false);
});

test('lists are compared place by place', () => {
  expect(sameExprs([a, b], [a, b])).toBe(true);
  expect(sameExprs([a, b], [b, a])).toBe(false);
  expect(sameExprs([a], [a, b])).toBe(false);
});
