import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { EmbeddedRegistry } from '../../src/adapters/registry/embedded-registry.ts';
import { HttpRegistry } from '../../src/adapters/registry/http-registry.ts';
import { startNode } from '../../src/cli/start-node.ts';
import { readSettings } from '../../src/config/settings.ts';
import type { SchemaRegistry } from '../../src/runtime/ports/schema-registry.ts';

const folder = (): string => mkdtempSync(join(tmpdir(), 'millrace-registry-'));
const served = await startNode(readSettings({ 'state.dir': folder(), listeners: 'http://127.0.0.1:0' }, {}, undefined));
afterAll(() => served.close());

const record = (...fields: [string, unknown][]): string =>
  JSON.stringify({
    type: 'record',
    name: 'R',
    fields: fields.map(([name, type]) => ({ name, type, ...(Array.isArray(type) ? { default: null } : {}) })),
  });
const v1 = record(['a', 'int']);
const v2 = record(['a', 'long'], ['b', ['null', 'string']]);

const registries: [string, () => SchemaRegistry][] = [
  ['embedded', () => new EmbeddedRegistry()],
  ["the node's own, over HTTP", () => new HttpRegistry(served.server.url)],
];

describe.each(registries)('a schema registry: %s', (_name, open) => {
  const registry = open();

  test('gives a schema one id, whatever its subjects, and the newest of a subject', async () => {
    expect(await registry.latest('none/of-it')).toBeUndefined();
    const id = await registry.register('a value', 'AVRO', v1);
    expect(await registry.register('a value', 'AVRO', v1)).toBe(id);
    expect(await registry.register('b/value', 'AVRO', v1)).toBe(id);
    expect(await registry.latest('a value')).toMatchObject({ id, text: v1, type: 'AVRO' });
    const next = await registry.register('a value', 'AVRO', v2);
    expect(next).not.toBe(id);
    expect(await registry.latest('a value')).toMatchObject({ id: next, text: v2 });
    expect(await registry.latest('b/value')).toMatchObject({ id });
    expect(await registry.byId(id)).toBe(v1);
    expect(await registry.byId(next)).toBe(v2);
    expect(await registry.byId(999_999)).toBeUndefined();
  });

  test('keeps types apart', async () => {
    const text = '{"type":"object"}';
    const id = await registry.register('json', 'JSON', text);
    expect(await registry.latest('json')).toMatchObject({ id, text, type: 'JSON' });
    await expect(registry.register('json', 'AVRO', v1)).rejects.toMatchObject({ name: 'SchemaRefused' });
  });

  test('refuses what cannot read the version before it, and what is no schema', async () => {
    await registry.register('strict', 'AVRO', v1);
    for (const text of [record(['a', 'string']), record(['a', 'int'], ['new', 'int']), '{"type":"thing"}', '{'])
      await expect(registry.register('strict', 'AVRO', text), text).rejects.toMatchObject({ name: 'SchemaRefused' });
    expect((await registry.latest('strict'))?.text).toBe(v1);
  });
});

test('the embedded registry is there again after a restart', async () => {
  const path = join(folder(), 'state', 'schemas.json');
  const id = await new EmbeddedRegistry(path).register('__proto__', 'AVRO', v1);
  const again = new EmbeddedRegistry(path);
  expect(await again.latest('__proto__')).toMatchObject({ id, text: v1 });
  expect(await again.register('other', 'AVRO', v2)).toBe(id + 1);
});

test('a registry that does not answer is told of by its address, without its password', async () => {
  const registry = new HttpRegistry('http://user:secret@127.0.0.1:9');
  const error = await registry.latest('a').catch((caught: unknown) => caught as Error);
  expect(String(error)).toContain('the schema registry at http://127.0.0.1:9 does not answer');
  expect(String(error)).not.toContain('secret');
});

test("the registry's paths answer as Confluent's", async () => {
  const { url } = served.server;
  const ask = async (path: string, body?: object, method = body === undefined ? 'GET' : 'POST'): Promise<unknown[]> => {
    const response = await fetch(url + path, { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
    return [response.status, await response.json()];
  };
  expect(await ask('/subjects/shop-value/versions')).toEqual([
    404,
    { error_code: 40401, message: "Subject 'shop-value' not found." },
  ]);
  const [, { id }] = (await ask('/subjects/shop-value/versions', { schema: v1 })) as [number, { id: number }];
  expect(await ask('/subjects/shop-value/versions')).toEqual([200, [1]]);
  const version = { subject: 'shop-value', version: 1, id, schema: v1 };
  expect(await ask('/subjects/shop-value/versions/1')).toEqual([200, version]);
  expect(await ask('/subjects/shop-value', { schema: v1 })).toEqual([200, version]);
  expect(await ask('/subjects/shop-value/versions/7')).toEqual([
    404,
    { error_code: 40402, message: 'Version 7 not found.' },
  ]);
  expect(await ask(`/schemas/ids/${id}`)).toEqual([200, { schema: v1 }]);
  expect((await ask('/subjects/shop-value/versions', { schema: '{' }))[0]).toBe(422);
  expect((await ask('/subjects/shop-value/versions', { schema: record(['a', 'string']) }))[0]).toBe(409);
  expect((await ask('/subjects/shop-value/versions', { schema: 7 }))[0]).toBe(400);
  expect(await ask('/subjects/shop-value', undefined, 'DELETE')).toEqual([200, [1]]);
  expect((await ask('/subjects'))[1]).not.toContain('shop-value');
});
