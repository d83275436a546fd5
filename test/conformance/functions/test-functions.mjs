// The functions that ksqlDB's own test cases call, by name and meaning, through the public mechanism.
import { aggregate, scalar, tableFunction } from 'millrace/functions';

const boom = () => {
  throw new Error('boom');
};
const struct = ({ A }) => `Struct{A=${A}}`;
const text = (value) => (typeof value === 'object' && value !== null ? struct(value) : String(value));

export const testUdf = scalar({
  name: 'test_udf',
  doc: 'Says which of its forms was called.',
  overloads: [
    { params: 'a INTEGER, b STRING', returns: 'STRING', eval: () => 'doStuffIntString' },
    { params: 'a BIGINT, b STRING', returns: 'STRING', eval: () => 'doStuffLongString' },
    { params: 'a BIGINT, b BIGINT, c STRING', returns: 'STRING', eval: () => 'doStuffLongLongString' },
    { params: 'longs BIGINT...', returns: 'STRING', eval: () => 'doStuffLongVarargs' },
    { params: '', returns: 'STRUCT<A STRING>', eval: () => ({ A: 'foo' }) },
    { params: 's STRUCT<A STRING>', returns: 'STRING', eval: ({ A }) => A },
  ],
});

export const badUdf = scalar({
  name: 'bad_udf',
  doc: 'Throws, or gives null, now and then.',
  overloads: [
    { params: 'a INTEGER', returns: 'STRING', eval: boom },
    { params: 'a BOOLEAN', returns: 'INTEGER', eval: (fails) => (fails ? boom() : 0) },
    {
      params: 'a STRING',
      returns: 'STRING',
      create: () => {
        let calls = 0;
        return (value) => (calls++ % 2 === 0 ? null : value);
      },
    },
  ],
});

const whenOnly = (value, mayCall) => (mayCall ? value : boom());
export const whenCondition = scalar({
  name: 'WHENCONDITION',
  doc: 'Its first argument, when it may be called.',
  overloads: [{ params: 'value BOOLEAN, called BOOLEAN', returns: 'BOOLEAN', eval: whenOnly }],
});
export const whenResult = scalar({
  name: 'WHENRESULT',
  doc: 'Its first argument, when it may be called.',
  overloads: [{ params: 'value INTEGER, called BOOLEAN', returns: 'INTEGER', eval: whenOnly }],
});

export const toStruct = scalar({
  name: 'TOSTRUCT',
  doc: 'A struct of one field.',
  overloads: [{ params: 'value STRING', returns: 'STRUCT<A STRING>', eval: (A) => ({ A }) }],
});

const scalars = ['INTEGER', 'BIGINT', 'DOUBLE', 'BOOLEAN', 'STRING', 'DECIMAL(20, 10)', 'STRUCT<A STRING>'];
const one = (wrap) => scalars.map((type, i) => `p${i} ${wrap(type)}`).join(', ');
export const testUdtf = tableFunction({
  name: 'test_udtf',
  doc: 'A row for each argument.',
  overloads: [
    { params: one((type) => type), returns: 'STRING', eval: (...values) => values.map(text) },
    {
      params: one((type) => `ARRAY<${type}>`),
      returns: 'STRING',
      eval: (...lists) => lists.map(([first]) => text(first)),
    },
    {
      params: one((type) => `MAP<STRING, ${type}>`),
      returns: 'STRING',
      eval: (...maps) => maps.map((map) => text([...map.values()][0])),
    },
    ...scalars.map((type) => ({ params: `value ${type}`, returns: type, eval: (value) => [value] })),
  ],
});

export const throwingUdtf = tableFunction({
  name: 'throwing_udtf',
  doc: 'Throws when it is told to.',
  overloads: [{ params: 'fails BOOLEAN', returns: 'BOOLEAN', eval: (fails) => (fails ? boom() : [fails]) }],
});

const sum = (zero, plus = (a, b) => a + b) => ({
  init: () => zero,
  add: (state, value) => (value === null ? state : plus(state, value)),
  undo: (state, value) => (value === null ? state : state - value),
  merge: plus,
});
export const testUdaf = aggregate({
  name: 'test_udaf',
  doc: 'Sums what it is given.',
  overloads: [
    { params: 'value BIGINT', returns: 'BIGINT', ...sum(0) },
    { params: 'value INTEGER', returns: 'BIGINT', ...sum(0) },
    { params: 'value DOUBLE', returns: 'DOUBLE', ...sum(0) },
    {
      params: 'value STRING',
      returns: 'BIGINT',
      init: () => 0,
      add: (state, value) => state + (value?.length ?? 0),
      merge: (a, b) => a + b,
    },
    {
      params: 'value STRUCT<A INTEGER, B INTEGER>',
      returns: 'STRUCT<A INTEGER, B INTEGER>',
      init: () => [0, 0],
      add: ([a, b], value) => [a + (value?.A ?? 0), b + (value?.B ?? 0)],
      merge: ([a, b], [c, d]) => [a + c, b + d],
      result: ([A, B]) => ({ A, B }),
    },
  ],
});
