import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { ModelService } from '../../../src/adapters/models/model-service.ts';
import type { Scored } from '../../../src/runtime/ports/model-host.ts';
import {
  array,
  BIGINT,
  BOOLEAN,
  BYTES,
  DATE,
  decimal,
  DOUBLE,
  INTEGER,
  map,
  STRING,
  struct,
  TIME,
  TIMESTAMP,
  typeText,
  type SqlType,
  type Value,
} from '../../../src/types/sql-type.ts';
import { tinyOnnx, type ElementType } from '../../support/tiny-onnx.ts';
import { oneVersion } from '../../support/one-version.ts';

const folder = mkdtempSync(join(tmpdir(), 'millrace-model-types-'));
const models = new ModelService();
afterAll(async () => {
  await models.close();
  rmSync(folder, { recursive: true });
});

/** A model that gives its input back. */
function echo(type: ElementType, width: number | readonly number[] = 1): string {
  const path = join(folder, `${type}-${String(width)}.onnx`);
  const bytes = tinyOnnx({
    inputs: [['x', type, width]],
    outputs: [['y', type, width]],
    nodes: [['Identity', ['x'], 'y']],
  });
  writeFileSync(path, bytes);
  return path;
}

/** What comes back for values, or `refused` with the reason when the model cannot be created. */
async function back(
  path: string,
  input: SqlType,
  output: SqlType,
  values: readonly Value[],
  options: Record<string, string> = {},
): Promise<readonly (Value | undefined)[] | string> {
  const version = {
    version: 1,
    options: { PROVIDER: 'ONNX', PATH: path, ...options },
  };
  const columns = {
    input: [{ name: 'X', type: input }],
    output: [{ name: 'Y', type: output }],
  };
  try {
    await models.inspect('M', version, columns);
  } catch (error) {
    return `refused: ${(error as Error).message}`;
  }
  await models.put(oneVersion(columns, version));
  const scored = await models.score(
    'M',
    undefined,
    values.map((value) => [value]),
  );
  models.remove('M');
  return scored.map(({ outputs, error }: Scored) => (outputs === undefined ? error : outputs[0]!));
}

const tensors: readonly ElementType[] = [
  'FLOAT16',
  'FLOAT',
  'DOUBLE',
  'INT8',
  'INT16',
  'INT32',
  'INT64',
  'UINT8',
  'UINT16',
  'UINT32',
  'UINT64',
  'BOOL',
  'STRING',
];
const floats = ['FLOAT16', 'FLOAT', 'DOUBLE'];
const isInt = (tensor: string): boolean => tensor.includes('INT');

/** A value that each tensor of this kind holds exactly, and its number. */
const kinds: readonly {
  type: SqlType;
  value: Value;
  number: number;
  takes: (tensor: string) => boolean;
}[] = [
  { type: BOOLEAN, value: true, number: 1, takes: (t) => t !== 'STRING' },
  {
    type: INTEGER,
    value: 7,
    number: 7,
    takes: (t) => floats.includes(t) || isInt(t),
  },
  {
    type: BIGINT,
    value: 7,
    number: 7,
    takes: (t) => floats.includes(t) || isInt(t),
  },
  { type: DOUBLE, value: 1.25, number: 1.25, takes: (t) => floats.includes(t) },
  {
    type: decimal(10, 2),
    value: 125,
    number: 1.25,
    takes: (t) => floats.includes(t),
  },
  { type: STRING, value: 'é', number: NaN, takes: (t) => t === 'STRING' },
  {
    type: TIMESTAMP,
    value: 1e12,
    number: 1e12,
    takes: (t) => t === 'INT64' || t === 'DOUBLE',
  },
  { type: DATE, value: 1, number: 1, takes: () => false },
  { type: TIME, value: 1, number: 1, takes: () => false },
  { type: BYTES, value: Buffer.from('a'), number: NaN, takes: () => false },
  {
    type: map(STRING, DOUBLE),
    value: new Map(),
    number: NaN,
    takes: () => false,
  },
  {
    type: struct([{ name: 'A', type: DOUBLE }]),
    value: [1],
    number: NaN,
    takes: () => false,
  },
];
const plain = (tensor: string): SqlType =>
  tensor === 'STRING' ? STRING : tensor === 'BOOL' ? BOOLEAN : floats.includes(tensor) ? DOUBLE : BIGINT;

test.each(kinds.flatMap((kind) => tensors.map((tensor) => [typeText(kind.type), tensor, kind] as const)))(
  'an input %s and a tensor of %s: it comes as it is, or is refused',
  async (_, tensor, { type, value, number, takes }) => {
    const [alone, listed] = await Promise.resolve([
      [value, null],
      [[value, value], null],
    ] as const);
    const one = await back(echo(tensor), type, plain(tensor), alone);
    const many = await back(echo(tensor, [-1]), array(type), array(plain(tensor)), listed);
    if (!takes(tensor)) {
      expect([one, many]).toEqual([
        expect.stringMatching(/^refused: .*cannot carry/),
        expect.stringMatching(/^refused: .*cannot carry/),
      ]);
      return;
    }
    const expected = tensor === 'STRING' ? value : tensor === 'BOOL' ? true : number;
    expect([one, many]).toEqual([
      [expected, null],
      [[expected, expected], null],
    ]);
  },
  20_000,
);

const outputs: readonly {
  type: SqlType;
  value: (tensor: string) => Value;
  gives: (tensor: string) => boolean;
}[] = [
  { type: BOOLEAN, value: () => true, gives: (t) => isInt(t) || t === 'BOOL' },
  { type: INTEGER, value: () => 1, gives: (t) => isInt(t) || t === 'BOOL' },
  { type: BIGINT, value: () => 1, gives: (t) => isInt(t) || t === 'BOOL' },
  {
    type: DOUBLE,
    value: (t) => (floats.includes(t) ? 0.5 : 1),
    gives: (t) => t !== 'STRING',
  },
  { type: STRING, value: () => 'é', gives: (t) => t === 'STRING' },
  { type: TIMESTAMP, value: () => 1, gives: (t) => t === 'INT64' },
  ...[decimal(10, 2), DATE, TIME, BYTES, map(STRING, DOUBLE), struct([{ name: 'A', type: DOUBLE }])].map((type) => ({
    type,
    value: () => null,
    gives: () => false,
  })),
];
test.each(outputs.flatMap((kind) => tensors.map((tensor) => [typeText(kind.type), tensor, kind] as const)))(
  'an output %s and a tensor of %s: it comes as it is, or is refused',
  async (_, tensor, { type, value, gives }) => {
    const given = tensor === 'STRING' ? 'é' : tensor === 'BOOL' ? true : floats.includes(tensor) ? 0.5 : 1;
    const one = await back(echo(tensor), plain(tensor), type, [given]);
    const many = await back(echo(tensor, [-1]), array(plain(tensor)), array(type), [[given, given]]);
    if (gives(tensor)) expect([one, many]).toEqual([[value(tensor)], [[value(tensor), value(tensor)]]]);
    else
      expect([one, many]).toEqual([
        expect.stringMatching(/^refused: .*cannot give/),
        expect.stringMatching(/^refused: .*cannot give/),
      ]);
  },
  20_000,
);

test('a value that the tensor or the column cannot hold is an error of its row', async () => {
  expect(await back(echo('INT8'), INTEGER, INTEGER, [127, 128, -128, -129])).toEqual([
    127,
    'INVALID_INPUT',
    -128,
    'INVALID_INPUT',
  ]);
  expect(await back(echo('UINT64'), BIGINT, BIGINT, [-1, 9223372036854775807n])).toEqual([
    'INVALID_INPUT',
    9223372036854775807n,
  ]);
  expect(await back(echo('INT64'), BIGINT, INTEGER, [2147483648, 5])).toEqual(['BAD_RESPONSE', 5]);
  expect(await back(echo('INT64'), BIGINT, DOUBLE, [9007199254740993n, 5])).toEqual(['BAD_RESPONSE', 5]);
  expect(await back(echo('INT64'), BIGINT, BOOLEAN, [2, 0, 1])).toEqual(['BAD_RESPONSE', false, true]);
});

test('half floats are rounded to the nearest, in both ways', async () => {
  const values = [0.1, -0, 65504, 65520, 1e-8, 6e-8, 5.5e-5, 2049, 2051, NaN, -Infinity];
  const result = await back(echo('FLOAT16'), DOUBLE, DOUBLE, values);
  expect(result).toEqual(
    [0.0999755859375, -0, 65504, Infinity, 0, 2 ** -24, 5.4999999999999996e-5, 2048, 2052, NaN, -Infinity].map(
      (x, i) => (i === 6 ? 923 * 2 ** -24 : x),
    ),
  );
});

test('nulls within ARRAYs are nulls of the row: null outputs, NaN or an error', async () => {
  const rows = [[1, null], [1, 2], null];
  const run = (options: Record<string, string>) =>
    back(echo('DOUBLE', [-1]), array(DOUBLE), array(DOUBLE), rows, options);
  expect(await run({})).toEqual([null, [1, 2], null]);
  expect(await run({ ON_NULL_INPUT: 'NAN' })).toEqual([[1, NaN], [1, 2], 'INVALID_INPUT']);
  expect(await run({ ON_NULL_INPUT: 'FAIL' })).toEqual(['INVALID_INPUT', [1, 2], 'INVALID_INPUT']);
});
test.each(['INT32', 'INT64', 'STRING', 'BOOL'] as const)(
  'NaN for null is refused where a tensor of %s has none',
  async (tensor) => {
    expect(
      await back(echo(tensor), plain(tensor) === BIGINT ? INTEGER : plain(tensor), plain(tensor), [null], {
        ON_NULL_INPUT: 'NAN',
      }),
    ).toMatch(/refused: ON_NULL_INPUT is NAN, and X can be no NaN/);
  },
);

test('ARRAYs of rows may differ in length, where the model lets them; ranks 1 to 3 come and go', async () => {
  expect(await back(echo('FLOAT', [-1]), array(DOUBLE), array(DOUBLE), [[1], [2, 3], [], [4]])).toEqual([
    [1],
    [2, 3],
    [],
    [4],
  ]);
  expect(await back(echo('FLOAT', 2), array(DOUBLE), array(DOUBLE), [[1, 2], [2], [3, 4]])).toEqual([
    [1, 2],
    'INVALID_INPUT',
    [3, 4],
  ]);
  const deep = [
    [
      [1, 2],
      [3, 4],
      [5, 6],
    ],
    [[1], [2]],
    [[1, 2], [3]],
  ] as const;
  expect(await back(echo('FLOAT', [-1, -1]), array(array(DOUBLE)), array(array(DOUBLE)), deep)).toEqual([
    deep[0],
    deep[1],
    'INVALID_INPUT',
  ]);
  expect(await back(echo('FLOAT', 0), DOUBLE, DOUBLE, [1, 2])).toEqual([1, 2]);
  expect(await back(echo('FLOAT', [1, 1]), DOUBLE, DOUBLE, [1, 2])).toEqual([1, 2]);
  expect(await back(echo('FLOAT', 0), array(DOUBLE), DOUBLE, [])).toMatch(/refused/);
  expect(await back(echo('FLOAT', 3), DOUBLE, DOUBLE, [])).toMatch(/refused: .*takes 3 values a row/);
  expect(await back(echo('BFLOAT16'), DOUBLE, DOUBLE, [])).toMatch(/refused/);
});
