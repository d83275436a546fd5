import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { tinyModels } from '../support/tiny-onnx.ts';

test.each(Object.entries(tinyModels))('the model %s is what its description gives', (name, bytes) => {
  const file = new URL(`models/${name}`, import.meta.url);
  if (process.env['GOLDEN_UPDATE'] === '1') writeFileSync(file, bytes);
  expect(readFileSync(file).equals(bytes)).toBe(true);
});
