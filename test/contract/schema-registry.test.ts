import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { EmbeddedRegistry } from '../../src/adapters/registry/embedded-registry.ts';
import { HttpRegistry } from '../../src/adapters/registry/http-registry.ts';
import { startNode } from '../../src/cli/start-node.ts';
import { readSettings } from '../../src/config/settings.ts';
import type { NewSchema, SchemaRegistry } from '../../src/runtime/ports/schema-registry.ts';

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
    const id = await registry.register('a value', { type: 'AVRO', text: v1 });
    expect(await registry.register('a value', { type: 'AVRO', text: v1 })).toBe(id);
    expect(await registry.register('b/value', { type: 'AVRO', text: v1 })).toBe(id);
    expect(await registry.latest('a value')).toMatchObject({ id, text: v1, type: 'AVRO' });
    const next = await registry.register('a value', { type: 'AVRO', text: v2 });
    expect(next).not.toBe(id);
    expect(await registry.latest('a value')).toMatchObject({ id: next, text: v2 });
    expect(await registry.latest('b/value')).toMatchObject({ id });
    expect(await registry.byId(id)).toMatchObject({ type: 'AVRO', text: v1 });
    expect(await registry.byId(next)).toMatchObject({ text: v2 });
    expect(await registry.byId(999_999)).toBeUndefined();
  });

  test('keeps types apart', async () => {
    const text = '{"type":"object"}';
    const id = await registry.register('json', { type: 'JSON', text: text });
    expect(await registry.latest('json')).toMatchObject({ id, text, type: 'JSON' });
    await expect(registry.register('json', { type: 'AVRO', text: v1 })).rejects.toMatchObject({
      name: 'SchemaRefused',
    });
  });

  test('refuses what cannot read the version before it, and what is no schema', async () => {
    await registry.register('strict', { type: 'AVRO', text: v1 });
    for (const text of [record(['a', 'string']), record(['a', 'int'], ['new', 'int']), '{"type":"thing"}', '{'])
      await expect(registry.register('strict', { type: 'AVRO', text: text }), text).rejects.toMatchObject({
        name: 'SchemaRefused',
      });
    expect((await registry.latest('strict'))?.text).toBe(v1);
  });
});

test('the embedded registry is there again after a restart', async () => {
  const path = join(folder(), 'state', 'schemas.json');
  const id = await new EmbeddedRegistry(path).register('__proto__', { type: 'AVRO', text: v1 });
  const again = new EmbeddedRegistry(path);
  expect(await again.latest('__proto__')).toMatchObject({ id, text: v1 });
  expect(await again.register('other', { type: 'AVRO', text: v2 })).toBe(id + 1);
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

test.each(registries)('schemas name each other, and are read whole: %s', async (_name, open) => {
  const registry = open();
  const event = 'syntax = "proto3"; message Event { int64 at = 1; }';
  const text = 'syntax = "proto3"; import "event.proto"; message Row { Event event = 1; }';
  await registry.register('event.proto', { type: 'PROTOBUF', text: event });
  const references = [{ name: 'event.proto', subject: 'event.proto', version: 1 }];
  const id = await registry.register('rows-value', { type: 'PROTOBUF', text, references });
  const whole = { type: 'PROTOBUF', text, references: [{ name: 'event.proto', text: event }] };
  expect(await registry.byId(id)).toEqual(whole);
  expect(await registry.latest('rows-value')).toEqual({ id, ...whole });
  await expect(registry.register('alone-value', { type: 'PROTOBUF', text })).rejects.toMatchObject({
    name: 'SchemaRefused',
  });
});

test('a level says what a newer schema must be able to do', async () => {
  const proto = (fields: string): NewSchema => ({
    type: 'PROTOBUF',
    text: `syntax = "proto3"; message M { ${fields} }`,
  });
  const registry = new EmbeddedRegistry();
  await registry.register('p', proto('int32 a = 1; string b = 2;'));
  await registry.register('p', proto('int64 a = 1; string b = 2; bool c = 3;'));
  await expect(registry.register('p', proto('string a = 1;'))).rejects.toThrow('int64 became string');
  await expect(registry.register('p', proto('repeated int64 a = 1;'))).rejects.toThrow('plain became repeated');
  registry.setLevel('NONE', 'p');
  await registry.register('p', proto('string a = 1;'));
  registry.setLevel('FORWARD');
  await registry.register('f', { type: 'AVRO', text: v2 });
  await expect(registry.register('f', { type: 'AVRO', text: record(['b', 'string']) })).rejects.toThrow('FORWARD');
});
