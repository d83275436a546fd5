import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { DataFolder } from '../../src/files/data-folder.ts';
import { openFolder } from '../../src/files/open-folder.ts';
import { setAws } from '../../src/util/aws.ts';
import { noS3, TestS3 } from '../support/s3.ts';

let s3: TestS3;
beforeAll(async () => {
  if (noS3 === '') s3 = await TestS3.start('lake');
}, 120_000);
afterAll(async () => {
  setAws({ endpoints: {} });
  if (noS3 === '') await s3.kill();
});

let folders = 0;
const kinds = [
  { kind: 'local', missing: '', path: () => mkdtempSync(join(tmpdir(), 'millrace-contract-')) },
  { kind: 'S3', missing: noS3, path: () => `s3://lake/of one/f${folders++}` },
];

describe.for(kinds)('a $kind folder of data files$missing', ({ missing, path }) => {
  beforeEach(({ skip }) => {
    skip(missing !== '', missing);
  });
  const bytes = (text: string): Buffer => Buffer.from(text);
  const textOf = async (folder: DataFolder, name: string): Promise<string> =>
    Buffer.from(await folder.bytes(name)).toString();
  const day = 'dt=2026-01-01/p0-0-9.parquet';

  test('a staged file is seen by nobody until it is shown, and then whole', async () => {
    const at = path();
    const folder = openFolder(at);
    expect([await folder.staged(), await folder.shown('.parquet')]).toEqual([[], []]);
    await folder.stage(day, bytes('a half'));
    await folder.stage(day, bytes('the whole'));
    await folder.stage('other.parquet', bytes('x'));
    expect([await folder.staged(), await folder.shown('.parquet')]).toEqual([[day, 'other.parquet'], []]);
    expect(await folder.read(day)).toBeUndefined();
    // Another one, as after a restart, goes on with what is there.
    const next = openFolder(at);
    await next.show([day]);
    expect([await next.staged(), await next.shown('.parquet')]).toEqual([['other.parquet'], [day]]);
    expect([await next.read(day), await textOf(next, day)]).toEqual(['the whole', 'the whole']);
    await next.discard(['other.parquet', 'never there']);
    expect(await next.staged()).toEqual([]);
  });

  test('what was shown before is shown again without harm, and a new version takes its name', async () => {
    const folder = openFolder(path());
    await folder.stage(day, bytes('first'));
    await folder.show([day]);
    await folder.show([day]);
    expect(await textOf(folder, day)).toBe('first');
    const before = await folder.file(day).open();
    await folder.stage(day, bytes('the second'));
    await folder.show([day]);
    expect(Buffer.from(await before.slice(0, before.size)).toString()).toBe('first');
    await before.close();
    expect(await textOf(folder, day)).toBe('the second');
    await folder.remove([day, 'never there']);
    expect(await folder.shown('')).toEqual([]);
    await expect(folder.file(day).open()).rejects.toThrow();
  });

  test('a file is read by pieces, also an empty one and one of many bytes', async () => {
    const folder = openFolder(path());
    const many = Buffer.alloc(9 * 1024 * 1024, 'abcdefg');
    for (const [name, content] of Object.entries({ empty: Buffer.alloc(0), many })) await folder.stage(name, content);
    await folder.show(['empty', 'many']);
    const empty = await folder.file('empty').open();
    expect([empty.size, (await empty.slice(0, 0)).byteLength]).toEqual([0, 0]);
    await empty.close();
    const file = await folder.file('many').open();
    expect(file.size).toBe(many.length);
    for (const [from, to] of [
      [0, 3],
      [many.length - 8, many.length],
      [8 * 1024 * 1024 - 5, 8 * 1024 * 1024 + 5],
      [many.length - 8, many.length],
    ] as const)
      expect(Buffer.from(await file.slice(from, to)).equals(many.subarray(from, to))).toBe(true);
    await file.close();
  });

  test('who reads a file of many bytes gets those of one version or an error, when another takes its name', async () => {
    const folder = openFolder(path());
    const many = (letter: string): Buffer => Buffer.alloc(9 * 1024 * 1024, letter);
    await folder.stage('many', many('a'));
    await folder.show(['many']);
    const file = await folder.file('many').open();
    await folder.stage('many', many('b'));
    await folder.show(['many']);
    const end = await file.slice(file.size - 4, file.size).then(
      (piece) => Buffer.from(piece).toString(),
      (error: unknown) => (error as Error).message,
    );
    expect(end).toMatch(/^aaaa$|it was replaced while it was read$/);
    await file.close();
  });

  test('names are in order, with those of folders below, and with signs that an address has no room for', async () => {
    const folder = openFolder(path());
    const names = ['b.parquet', 'a/c d+é%.parquet', 'a/b=1/x.parquet', 'z.json'];
    for (const name of names) await folder.stage(name, bytes(name));
    await folder.show(names);
    expect(await folder.shown('.parquet')).toEqual(['a/b=1/x.parquet', 'a/c d+é%.parquet', 'b.parquet']);
    for (const name of names) expect(await folder.read(name)).toBe(name);
  });

  test('a folder belongs to who claims it first, until it is released', async () => {
    const at = path();
    expect(await openFolder(at).claim('of one')).toBeUndefined();
    expect(await openFolder(at).claim('of another')).toBe('of one');
    await openFolder(at).release();
    expect(await openFolder(at).claim('of another')).toBeUndefined();
    expect(await openFolder(at).shown('.parquet')).toEqual([]);
  });

  test('more files than a page of a list has', async () => {
    const folder = openFolder(path());
    const names = Array.from({ length: 1005 }, (_, i) => `p${String(i).padStart(4, '0')}.parquet`);
    for (let i = 0; i < names.length; i += 50)
      await Promise.all(names.slice(i, i + 50).map((name) => folder.stage(name, bytes('x'))));
    expect(await folder.staged()).toEqual(names);
  }, 60_000);
});
