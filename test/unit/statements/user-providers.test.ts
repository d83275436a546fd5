import { beforeAll, describe, expect, test } from 'vitest';
import { setSecrets } from '../../../src/util/secrets.ts';
import { doubled, loadMine, loadModule, shared } from '../../support/own-provider.ts';
import { onEngine } from '../config/options/cases.ts';

beforeAll(async () => {
  setSecrets({ one: 'canary' });
  await loadMine();
});

describe('statements', () => {
  const create = (options: string): string =>
    `CREATE OR REPLACE MODEL m INPUT (x INT) OUTPUT (y DOUBLE) WITH (PROVIDER='mine', VALIDATE='OFF', ${options});`;
  test.each([
    ["PLACE='here', COLOUR='red'", 'INVALID_PROPERTY: property "COLOUR" does not exist here'],
    ['LEVEL=1', 'PROPERTY_MISSING: property "PLACE" is missing'],
    ["PLACE='nowhere'", "INVALID_PROPERTY_VALUE: property PLACE='nowhere': it must be somewhere"],
    ["PLACE='here', LEVEL='high'", "INVALID_PROPERTY_VALUE: property LEVEL='high': it must be a whole number"],
    ["PLACE='here', RATIO='half'", "INVALID_PROPERTY_VALUE: property RATIO='half': it must be a number"],
    ["PLACE='here', LOUD=7", 'INVALID_PROPERTY_VALUE: property LOUD=7: it must be true or false'],
    [
      "PLACE='here', PATIENCE='long'",
      "INVALID_PROPERTY_VALUE: property PATIENCE='long': it must be a duration, such as '5 SECONDS'",
    ],
    ["PLACE='here', ADDRESS='file:///etc'", 'INVALID_PROPERTY_VALUE: property ADDRESS='],
    ["PLACE='here', ADDRESS='http://169.254.169.254/'", 'is a link-local or metadata address'],
    ["PLACE='here', KEY='canary'", "INVALID_PROPERTY_VALUE: property KEY=[hidden]: it must be 'secret:name'"],
    ["PLACE='here', ENDPOINT='http://127.0.0.1:1'", 'INVALID_PROPERTY: property "ENDPOINT" does not exist here'],
    [
      "PLACE='here', INPUT_TENSOR='x'",
      'MODEL_INVALID: model "M": INPUT_TENSOR: a provider of your own gets the columns',
    ],
  ])('WITH (%s) is refused', (options, error) =>
    onEngine({}, async ({ ask }) => expect(await ask(create(options))).toContain(error)),
  );
  test('what is declared is kept, shown, and called; a secret is not shown', () =>
    onEngine({}, async ({ ask, run, settle }) => {
      shared.behaviour = { score: doubled };
      expect(await ask(create("PLACE='here', KEY='secret:one', TIMEOUT='1 SECOND'"))).not.toContain('!');
      const made = `CREATE MODEL M INPUT (X INTEGER) OUTPUT (Y DOUBLE) WITH (PROVIDER='MINE', VALIDATE='OFF', PLACE='here', KEY='[hidden]', TIMEOUT='1 SECOND');`;
      expect(JSON.stringify(await run('SHOW CREATE MODEL m;'))).toContain(made);
      expect(JSON.stringify(await run('DESCRIBE MODEL m;'))).toContain('"KEY":"[hidden]"');
      expect(await ask("ALTER MODEL m SET (TIMEOUT='2 SECONDS');")).not.toContain('!');
      expect(await ask("ALTER MODEL m SET (PLACE='there');")).toContain(
        'PLACE is no option of how a version is called',
      );
      await ask("CREATE STREAM s (k STRING KEY, x INT) WITH (kafka_topic='s', partitions=1, value_format='JSON');");
      await ask(
        'CREATE STREAM o AS SELECT s.k AS k, p.y AS y, p.model_error AS e FROM s INVOKE MODEL m USING (s.x) AS p;',
      );
      await run("INSERT INTO s (k, x) VALUES ('a', 21);");
      await settle();
      expect(await ask('SELECT y, e FROM o;')).toContain('42');
    }));
  test('an unheard-of provider is told with those that there are', () =>
    onEngine({}, async ({ ask }) =>
      expect(await ask(create("PLACE='here'").replace("'mine'", "'nine'"))).toMatch(
        /INVALID_PROPERTY_VALUE: property PROVIDER='nine': it must be ONNX.*, HTTP.* MINE/,
      ),
    ));
});

test('what cannot be loaded is told of with its file', async () => {
  const define = (text: string): string => `export const p = { kind: 'provider', ${text} };`;
  const whole = "doc: 'a', open: () => ({})";
  const option = (text: string): string => define(`name: 'p', ${whole}, options: { a: { doc: 'a', ${text} } }`);
  const wrong: [code: string, why: string][] = [
    [define(`name: 'http', ${whole}`), 'HTTP is a provider of Millrace'],
    [define(`name: 'no name', ${whole}`), 'is no name of a provider'],
    [define("name: 'p', open: () => ({})"), 'p has no doc'],
    [define("name: 'p', doc: 'a'"), 'p has no open'],
    [define(`name: 'mine', ${whole}`), 'MINE is defined in'],
    [option("type: 'TEXT'"), 'p: option a has no type'],
    [option("type: 'INTEGER', default: 'many'"), 'p: option a has no valid default: it must be a whole number'],
    [option("type: 'INTEGER', secret: true"), 'p: option a is a secret'],
    [
      define(`name: 'p', ${whole}, options: { timeout: { type: 'DURATION', doc: 'a' } }`),
      'P: TIMEOUT is an option that every model has',
    ],
    [
      define(`name: 'p', ${whole}, options: { a: { type: 'STRING', doc: 'a' }, A: { type: 'STRING', doc: 'a' } }`),
      'A is declared twice',
    ],
    ['export const p = {', 'wrong.mjs'],
  ];
  for (const [code, why] of wrong) await expect(loadModule(code, 'wrong.mjs'), code).rejects.toThrow(why);
});
