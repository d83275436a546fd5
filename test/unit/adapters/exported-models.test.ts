import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { ModelService } from '../../../src/adapters/models/model-service.ts';
import type { Value } from '../../../src/types/sql-type.ts';
import { oneVersion } from '../../support/one-version.ts';

// Made by test/support/exported_models.py, with what onnxruntime for Python gives.
const folder = fileURLToPath(new URL('../../support/exported', import.meta.url));
const names = readdirSync(folder)
  .filter((name) => name.endsWith('.onnx'))
  .map((name) => name.replace('.onnx', ''));
interface Expected {
  readonly inputs: Readonly<Record<string, readonly Value[]>>;
  readonly outputs: Readonly<Record<string, readonly Value[]>>;
}

const models = new ModelService();
afterAll(() => models.close());

/** Whether two values are the same; numbers may differ by what builds of ONNX Runtime add up in another order. */
function alike(left: unknown, right: unknown, tolerance: number): boolean {
  const [a, b] = [[left].flat(3), [right].flat(3)] as const;
  return (
    a.length === b.length &&
    a.every((each, i) => each === b[i] || Math.abs((each as number) - (b[i] as number)) <= tolerance)
  );
}

test.each(names)('%s: what its library exported is taken unchanged, and scores as in Python', async (name) => {
  const { inputs, outputs } = JSON.parse(readFileSync(`${folder}/${name}.json`, 'utf8')) as Expected;
  const version = { version: 1, options: { PROVIDER: 'ONNX', PATH: `${folder}/${name}.onnx` } };
  const { input, output, notes } = await models.inspect('M', version, { input: [], output: [] });
  await models.put(oneVersion({ input, output }, version));
  expect(notes).toHaveLength(output.length);
  const columns = Object.values(inputs);
  const rows = columns[0]!.map((_, row) =>
    columns.map((values, i) => {
      const value = values[row]!;
      return Array.isArray(value) && input[i]!.type.kind !== 'ARRAY' ? (value as Value[])[0]! : value;
    }),
  );
  const scored = await models.score('M', undefined, rows);
  const tolerance = name === 'half-floats' ? 0.01 : 1e-6;
  Object.values(outputs).forEach((values, i) => {
    const unlike = scored
      .map((row, at) => [row.outputs?.[i] ?? row.cause, values[at]])
      .filter(([ours, theirs]) => !alike(ours, theirs, tolerance));
    expect(unlike).toEqual([]);
  });
});
