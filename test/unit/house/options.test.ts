import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { modelOptions } from '../../../src/config/model-options.ts';
import { providers } from '../../../src/config/provider-options.ts';
import { bool, option, optionTable, whole } from '../../../src/config/option.ts';
import { serverOptions } from '../../../src/config/server-options.ts';
import { sessionOptions } from '../../../src/config/session-options.ts';

const root = join(import.meta.dirname, '../../..');

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name));
}

test('every option is named by who reads it', () => {
  const declaring = [
    'server-options.ts',
    'access-options.ts',
    'session-options.ts',
    'model-options.ts',
    'provider-options.ts',
  ];
  const texts = sources('src')
    .filter((file) => !declaring.some((name) => file.endsWith(name)))
    .map((file) => readFileSync(file, 'utf8'));
  const tables = [serverOptions, sessionOptions, modelOptions, ...Object.values(providers).map(({ own }) => own)];
  const unread = tables
    .flatMap((table) => table.names)
    .filter((name) => !texts.some((text) => text.includes(`'${name}'`)));
  expect(unread).toEqual([]);
});

test('an option is declared once, with a default that it takes', () => {
  const count = option({ name: 'count', type: whole(1), default: '1', doc: 'a', read: (value) => value });
  expect(() => optionTable(count, count)).toThrow('declared twice');
  expect(() =>
    optionTable(option({ name: 'bad', type: bool, default: 'maybe', doc: 'a', read: (value) => value })),
  ).toThrow('the default of bad');
});
