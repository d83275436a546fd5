import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { ModelService } from '../../src/adapters/models/model-service.ts';
import { array, BIGINT, DOUBLE, type Row, type Value } from '../../src/types/sql-type.ts';
import { oneVersion } from '../support/one-version.ts';
import { tinyOnnx } from '../support/tiny-onnx.ts';

const folder = mkdtempSync(join(tmpdir(), 'millrace-model-batches-'));
const models = new ModelService();
afterAll(async () => {
  await models.close();
  rmSync(folder, { recursive: true });
});

const number = fc.oneof(fc.double({ noDefaultInfinity: true }), fc.integer({ min: -3, max: 3 }));
const cases = {
  'three numbers in one tensor': {
    onnx: tinyOnnx({
      inputs: [['X', 'FLOAT', 3]],
      outputs: [
        ['label', 'INT64', 0],
        ['scores', 'FLOAT', 3],
      ],
      nodes: [
        ['ArgMax', ['X'], 'label', { axis: 1, keepdims: 0 }],
        ['Add', ['X', 'X'], 'scores'],
      ],
    }),
    columns: {
      input: ['A', 'B', 'C'].map((name) => ({ name, type: DOUBLE })),
      output: [
        { name: 'LABEL', type: BIGINT },
        { name: 'SCORES', type: array(DOUBLE) },
      ],
    },
    options: { INPUT_TENSOR: 'X' },
    values: [number, number, number],
  },
  'a tensor a column, and one that fails the call': {
    onnx: tinyOnnx({
      inputs: [
        ['place', 'INT64', 1],
        ['x', 'DOUBLE', 1],
      ],
      outputs: [
        ['value', 'FLOAT', 1],
        ['same', 'DOUBLE', 1],
      ],
      nodes: [
        ['Gather', ['table', 'place'], 'value'],
        ['Identity', ['x'], 'same'],
      ],
      constants: { table: [10, 20.5, 30] },
    }),
    columns: {
      input: [
        { name: 'PLACE', type: BIGINT },
        { name: 'X', type: DOUBLE },
      ],
      output: [
        { name: 'VALUE', type: DOUBLE },
        { name: 'SAME', type: DOUBLE },
      ],
    },
    options: {},
    // No table has a place 7.
    values: [
      fc.oneof({ weight: 40, arbitrary: fc.integer({ min: 0, max: 2 }) }, { weight: 1, arbitrary: fc.constant(7) }),
      number,
    ],
  },
};
const sizes = ['1', '2', '7', '1000', undefined];

/** The rows with more of them than a call has where nothing is said. */
const rowsOf = (values: readonly fc.Arbitrary<number>[]): fc.Arbitrary<Row[]> =>
  fc
    .tuple(
      fc.array(fc.tuple(...values.map((value) => fc.option<Value>(value, { freq: 8 }))), {
        minLength: 1,
        maxLength: 12,
      }),
      fc.constantFrom(1, 1, 40),
    )
    .map(([rows, times]) => Array.from({ length: times }, () => rows).flat());

test.each(Object.entries(cases))('%s: how many rows a call scores never changes an answer', async (name, each) => {
  const path = join(folder, `${name}.onnx`);
  writeFileSync(path, each.onnx);
  const { columns, values } = each;
  await fc.assert(
    fc.asyncProperty(
      rowsOf(values),
      fc.constantFrom('RETURN_NULL', 'NAN', 'FAIL'),
      fc.constantFrom('0', '20'),
      fc.constantFrom('0 MILLISECONDS', '2 MILLISECONDS'),
      async (rows, onNull, cached, delay) => {
        const answers: unknown[] = [];
        for (const size of sizes) {
          const options: Record<string, string> = {
            PROVIDER: 'ONNX',
            PATH: path,
            ON_NULL_INPUT: onNull,
            CACHE_SIZE: cached,
            MAX_BATCH_DELAY: delay,
            ...each.options,
          };
          if (size !== undefined) options['MAX_BATCH_SIZE'] = size;
          const version = { version: 1, options };
          await models.put(oneVersion(columns, version));
          // Two calls at once, which share batches where they wait for one another.
          const [some, others] = await Promise.all([
            models.score('M', undefined, rows),
            models.score('M', undefined, rows.slice(0, 5)),
          ]);
          models.remove('M');
          const told = [...some, ...others].map(({ outputs, error }) => [outputs, error]);
          expect(told.slice(some.length)).toEqual(told.slice(0, Math.min(5, rows.length)));
          answers.push(told);
        }
        for (const other of answers.slice(1)) expect(other).toEqual(answers[0]);
      },
    ),
    { numRuns: 25, seed: 7 },
  );
});
