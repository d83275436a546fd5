import { createHash } from 'node:crypto';
import {
  copyFileSync,
  createReadStream,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { noSpan } from '../../diagnostics/source.ts';
import { SqlError } from '../../diagnostics/sql-error.ts';
import { requireVersion } from '../../diagnostics/version.ts';
import { FolderLock } from '../rocksdb/folder-lock.ts';

/** What a backup holds: each file with its size and digest. */
interface Manifest {
  readonly version: number;
  readonly kind: 'folder' | 'commands';
  readonly madeAt: string;
  readonly files: readonly { readonly name: string; readonly bytes: number; readonly sha256: string }[];
}

const manifestFile = 'millrace-backup.json';
const manifestVersion = 1;
/** What belongs to a running node only, and what was set aside. */
const leftOut = /^(LOCK\.pid|lost|db\.before|db[\\/]LOCK|db[\\/]LOG)/;

const refuse = (why: string): never => {
  throw new SqlError('BACKUP_REFUSED', noSpan, { why });
};

/** Copies the folder of an embedded node that does not run. `check` says what is damaged in it: then nothing is copied. */
export async function backUpFolder(
  folder: string,
  target: string,
  check: () => Promise<readonly string[]>,
): Promise<Manifest> {
  refuseFull(target);
  const damages = await check();
  if (damages.length > 0) refuse(`the state is damaged: ${damages.join('; ')}`);
  const lock = new FolderLock(folder).hold();
  try {
    const names = filesIn(folder).filter((name) => !leftOut.test(name));
    for (const name of names) copy(join(folder, name), join(target, name));
    return await writeManifest(target, 'folder', names);
  } finally {
    lock.release();
  }
}

/** Writes the commands of a service as a backup. */
export async function backUpCommands(commands: readonly string[], target: string): Promise<Manifest> {
  refuseFull(target);
  mkdirSync(target, { recursive: true });
  writeFileSync(join(target, commandsFile), commands.map((command) => `${command}\n`).join(''));
  return writeManifest(target, 'commands', [commandsFile]);
}
const commandsFile = 'commands.jsonl';

/** Copies a backup to a folder that holds nothing yet. */
export async function restoreFolder(source: string, folder: string): Promise<Manifest> {
  const manifest = await verified(source, 'folder');
  refuseFull(folder);
  mkdirSync(folder, { recursive: true });
  const lock = new FolderLock(folder).hold();
  try {
    for (const { name } of manifest.files) copy(join(source, name), join(folder, name));
  } catch (error) {
    for (const { name } of manifest.files) rmSync(join(folder, name.split('/')[0]!), { recursive: true, force: true });
    throw error;
  } finally {
    lock.release();
  }
  return manifest;
}

/** The commands of a backup. */
export async function commandsOf(source: string): Promise<readonly string[]> {
  await verified(source, 'commands');
  return readFileSync(join(source, commandsFile), 'utf8').split('\n').slice(0, -1);
}

function refuseFull(folder: string): void {
  if (existsSync(folder) && readdirSync(folder).length > 0) refuse(`${folder} is not empty`);
}
const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
function copy(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, to);
}

async function writeManifest(target: string, kind: Manifest['kind'], names: readonly string[]): Promise<Manifest> {
  const files: Manifest['files'][number][] = [];
  for (const name of names) files.push({ name: name.replaceAll(sep, '/'), ...(await digestOf(join(target, name))) });
  const manifest: Manifest = { version: manifestVersion, kind, madeAt: new Date().toISOString(), files };
  writeFileSync(join(target, manifestFile), `${JSON.stringify(manifest, null, 2)}\n`);
  return manifest;
}
async function digestOf(path: string): Promise<{ readonly bytes: number; readonly sha256: string }> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, sha256: hash.digest('hex') };
}

/** Reads the manifest of a backup and holds every file to it. */
async function verified(source: string, kind: Manifest['kind']): Promise<Manifest> {
  const path = join(source, manifestFile);
  if (!existsSync(path)) refuse(`${source} holds no backup: ${manifestFile} is missing`);
  const manifest = readManifest(path);
  requireVersion(`the backup ${source}`, manifest.version, manifestVersion);
  if (manifest.kind !== kind)
    refuse(kind === 'folder' ? `${source} is a backup of commands on Kafka` : `${source} is a backup of a folder`);
  for (const { name, bytes, sha256 } of manifest.files) {
    const file = join(source, name);
    if (relative(source, file).startsWith('..')) refuse(`${path} names ${name}, which is outside of the backup`);
    if (!existsSync(file)) refuse(`${file} is missing`);
    const found = await digestOf(file);
    if (found.bytes !== bytes || found.sha256 !== sha256) refuse(`${file} is not what was backed up`);
  }
  return manifest;
}
function readManifest(path: string): Manifest {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Manifest;
  } catch {
    return refuse(`${path} is no JSON`);
  }
}
