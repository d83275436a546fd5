import fc from 'fast-check';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { setLimit } from '../../../src/functions/user/watch.ts';
import type { ModelColumn } from '../../../src/types/model.ts';
import { array, DOUBLE, STRING, type Row } from '../../../src/types/sql-type.ts';
import { loadModule } from '../../support/own-provider.ts';
import { scoredBy } from '../../support/one-version.ts';
import { onEngine } from '../config/options/cases.ts';

const sum = 'test/golden/models/sum.onnx';
beforeAll(async () => {
  await loadModule(`const common = { kind: 'transform', doc: 'a test' };
    export const features = { ...common, name: 'features', inputs: { kind: 'STRING', amount: 'DOUBLE' }, outputs: { a: 'DOUBLE', b: 'DOUBLE' },
      eval({ kind, amount }) {
        if (kind === 'bad') throw new Error('a bad kind');
        while (kind === 'endless');
        if (kind === 'text') return { a: 'one', b: 1 };
        if (kind === 'none') return { a: 1 };
        if (kind === 'nothing') return;
        return { a: Math.log1p(amount ?? 7), b: kind === 'x' ? 1 : 0 };
      } };
    export const verdict = { ...common, name: 'verdict', inputs: { total: 'DOUBLE' }, outputs: { label: 'STRING', parts: 'ARRAY<DOUBLE>' },
      eval({ total }) {
        if (total > 100) throw new Error('too much');
        return total < -100 ? { label: 'low', parts: [null] } : { label: total >= 1 ? 'high' : 'low', parts: [total, 1] };
      } };
    export const mine = { kind: 'provider', name: 'nulls', doc: 'a test', open: () => ({ scoreBatch: (rows) => rows.map(({ a, b }) => (a === null ? -1 : a + b)) }) };
    export const passing = { ...common, name: 'passing', inputs: { amount: 'DOUBLE' }, outputs: { a: 'DOUBLE', b: 'DOUBLE' }, eval: ({ amount }) => ({ a: amount, b: 1 }) };`);
});
afterEach(() => setLimit(1000));

const column = (name: string, type: ModelColumn['type']): ModelColumn => ({ name, type });
const input = [column('AMOUNT', DOUBLE), column('KIND', STRING)];
const outputs = [column('TOTAL', DOUBLE), column('PRODUCT', DOUBLE)];
const onnx = { PROVIDER: 'ONNX', PATH: sum };
async function scored(
  rows: readonly Row[],
  options: Readonly<Record<string, string>> = {},
  columns: { readonly input?: readonly ModelColumn[]; readonly output?: readonly ModelColumn[] } = {},
): Promise<unknown[]> {
  const version = { version: 1, options: { ...onnx, PREPROCESS: 'features', ...options } };
  return (await scoredBy(version, { input, output: outputs, ...columns }, rows)).map(
    ({ outputs: own, error, cause }) => own ?? `${error}: ${cause}`,
  );
}

describe('PREPROCESS', () => {
  test('gives what the model gives for the inputs that it makes', async () => {
    const rows = fc.sample(fc.tuple(fc.double({ min: 0, max: 1e6, noNaN: true }), fc.constantFrom('x', 'y')), {
      numRuns: 1000,
      seed: 7,
    });
    const made = rows.map(([amount, kind]) => [Math.log1p(amount), kind === 'x' ? 1 : 0]);
    const columns = { input: [column('A', DOUBLE), column('B', DOUBLE)], output: outputs };
    const direct = await scoredBy({ version: 1, options: onnx }, columns, made);
    expect(await scored(rows, { MAX_BATCH_SIZE: '300' })).toEqual(direct.map((each) => each.outputs));
  });
  test('a row that it fails at is an error of that row; the model sees the others', async () => {
    setLimit(300);
    const at = (why: string): string => `INVALID_INPUT: PREPROCESS FEATURES of ext.mjs: ${why}`;
    const kinds = ['x', 'bad', 'endless', 'text', 'none', 'nothing', 'y'];
    expect(await scored(kinds.map((kind) => [0, kind]))).toEqual([
      [1, 0],
      at('a bad kind'),
      at('the function was stopped after 300 ms'),
      at('a: the function gave the string one, which is no DOUBLE'),
      at('b is null'),
      at('it gave no object with its outputs'),
      [0, 0],
    ]);
    expect(await scored([[0, 'bad']])).toEqual([at('a bad kind')]);
  });
  test('a null goes to it by SEND, as NaN by NAN, and not at all otherwise', async () => {
    const row: Row = [null, 'x'];
    const seven = Math.fround(Math.log1p(7));
    expect(await scored([row])).toEqual([[null, null]]);
    expect(await scored([row], { ON_NULL_INPUT: 'SEND' })).toEqual([[Math.fround(seven + 1), seven]]);
    const nan = { ON_NULL_INPUT: 'NAN', PREPROCESS: 'passing' };
    expect(await scored([[null]], nan, { input: [column('AMOUNT', DOUBLE)] })).toEqual([[NaN, NaN]]);
    await expect(scored([row], { ON_NULL_INPUT: 'NAN' })).rejects.toThrow('KIND can be no NaN');
    // A provider that takes nulls gets those that it makes.
    const ofNulls = { PROVIDER: 'NULLS', PREPROCESS: 'passing', ON_NULL_INPUT: 'SEND' };
    const columns = { input: [column('AMOUNT', DOUBLE)], output: [column('Y', DOUBLE)] };
    expect(await scored([[null], [1]], ofNulls, columns)).toEqual([[-1], [2]]);
  });
});

describe('POSTPROCESS', () => {
  const output = [column('PARTS', array(DOUBLE)), column('LABEL', STRING)];
  const rows = [
    [1, 0],
    [101, 1],
    [-110, 1],
    [0, 0.5],
  ];
  const columns = { input: [column('A', DOUBLE), column('B', DOUBLE)], output };
  const post = { ...onnx, POSTPROCESS: 'verdict' };
  test('makes the outputs; a row that it fails at has no score', async () => {
    const found = await scoredBy({ version: 1, options: post }, columns, rows);
    const at = 'POSTPROCESS VERDICT of ext.mjs:';
    expect(found.map(({ outputs: own, error, cause }) => own ?? [error, cause])).toEqual([
      [[1, 1], 'high'],
      ['BAD_RESPONSE', `${at} too much`],
      ['BAD_RESPONSE', `${at} parts is null`],
      [[0.5, 1], 'low'],
    ]);
  });
  test('with PREPROCESS, and OUTPUT_MAP of what it takes', async () => {
    const options = { POSTPROCESS: 'verdict', OUTPUT_MAP: 'total=product' };
    expect(
      await scored(
        [
          [Math.E - 1, 'x'],
          [1, 'bad'],
        ],
        options,
        { output },
      ),
    ).toEqual([[[1, 1], 'high'], 'INVALID_INPUT: PREPROCESS FEATURES of ext.mjs: a bad kind']);
  });
});

describe('statements', () => {
  const create = (columns: string, options: string): string =>
    `CREATE MODEL m ${columns} WITH (PROVIDER='onnx', PATH='${sum}', ${options});`;
  test.each([
    [
      'INPUT (amount DOUBLE) OUTPUT (total DOUBLE)',
      "PREPROCESS='features'",
      'PREPROCESS: FEATURES takes kind STRING, amount DOUBLE, and INPUT declares AMOUNT DOUBLE',
    ],
    [
      'INPUT (amount INT, kind STRING) OUTPUT (total DOUBLE)',
      "PREPROCESS='features'",
      'and INPUT declares AMOUNT INTEGER, KIND STRING',
    ],
    [
      'INPUT (a DOUBLE, b DOUBLE) OUTPUT (label STRING)',
      "POSTPROCESS='verdict', VALIDATE='OFF'",
      'POSTPROCESS: VERDICT gives label STRING, parts ARRAY<DOUBLE>, and OUTPUT declares LABEL STRING',
    ],
    ['', "PREPROCESS='nothing'", 'defines the transform NOTHING'],
    ['', "PREPROCESS='verdict'", 'input label: tensor "a" of float32 cannot carry STRING'],
    ['', "POSTPROCESS='features'", 'output kind: tensor "total" of float32 cannot give STRING'],
  ])('%s WITH (%s) is refused', (columns, options, why) =>
    onEngine({}, async ({ ask }) => {
      const answer = await ask(create(columns, options));
      expect(answer).toMatch(/^! MODEL_INVALID: model "M": /);
      expect(answer).toContain(why);
    }),
  );
  test('what is not declared is the transforms’; SHOW CREATE MODEL gives it back, DESCRIBE shows it', async () => {
    const shown = await onEngine({}, async ({ ask, run }) => {
      expect(await ask(create('', "PREPROCESS='features', POSTPROCESS='verdict'"))).not.toContain('!');
      expect(JSON.stringify(await run('DESCRIBE MODEL m;'))).toContain(
        '"PREPROCESS":"features","POSTPROCESS":"verdict"',
      );
      const [answer] = (await run('SHOW CREATE MODEL m;')) as [{ statements: string[] }];
      return answer.statements;
    });
    expect(shown).toEqual([
      `CREATE MODEL M INPUT (KIND STRING, AMOUNT DOUBLE) OUTPUT (LABEL STRING, PARTS ARRAY<DOUBLE>) WITH (PROVIDER='ONNX', PATH='${sum}', PREPROCESS='features', POSTPROCESS='verdict');`,
    ]);
    await onEngine({}, async ({ ask, run, settle }) => {
      expect(await ask(shown[0]!)).not.toContain('!');
      await ask(
        "CREATE STREAM s (k STRING KEY, kind STRING, amount DOUBLE) WITH (kafka_topic='s', partitions=1, value_format='JSON');",
      );
      await ask(
        'CREATE STREAM o AS SELECT s.k AS k, p.label AS label FROM s INVOKE MODEL m USING (s.kind, s.amount) AS p;',
      );
      await run("INSERT INTO s (k, kind, amount) VALUES ('a', 'x', 0);");
      await settle();
      expect(await ask('SELECT label FROM o;')).toContain('high');
      // Another version may be of another model, with other features.
      expect(await ask(`ALTER MODEL m ADD VERSION WITH (PROVIDER='onnx', PATH='${sum}');`)).toContain('MODEL_INVALID');
    });
  });
});

test('what cannot be loaded is told of with its file', async () => {
  const define = (text: string): string => `export const t = { kind: 'transform', ${text} };`;
  const wrong: [code: string, why: string][] = [
    [
      define("name: 'no name', doc: 'a', inputs: { a: 'INTEGER' }, outputs: { a: 'INTEGER' }, eval: () => ({})"),
      'is no name of a transform',
    ],
    [define("name: 't', inputs: { a: 'INTEGER' }, outputs: { a: 'INTEGER' }, eval: () => ({})"), 't has no doc'],
    [define("name: 't', doc: 'a', inputs: { a: 'INTEGER' }, outputs: { a: 'INTEGER' }"), 't has no eval'],
    [define("name: 't', doc: 'a', outputs: { a: 'INTEGER' }, eval: () => ({})"), 't has no inputs'],
    [define("name: 't', doc: 'a', inputs: { a: 'INTEGER' }, outputs: {}, eval: () => ({})"), 't has no outputs'],
    [
      define("name: 't', doc: 'a', inputs: { a: 'TEXT' }, outputs: { a: 'INTEGER' }, eval: () => ({})"),
      't: a of its inputs: signature: no type TEXT',
    ],
    [
      define("name: 't', doc: 'a', inputs: { a: 'T' }, outputs: { a: 'INTEGER' }, eval: () => ({})"),
      'T is no whole type',
    ],
    [
      define(
        "name: 't', doc: 'a', inputs: { a: 'INTEGER', A: 'INTEGER' }, outputs: { a: 'INTEGER' }, eval: () => ({})",
      ),
      't has A twice among its inputs',
    ],
    [
      define("name: 'verdict', doc: 'a', inputs: { a: 'INTEGER' }, outputs: { a: 'INTEGER' }, eval: () => ({})"),
      'VERDICT is defined in',
    ],
  ];
  for (const [code, why] of wrong) await expect(loadModule(code, 'wrong.mjs'), code).rejects.toThrow(why);
});
