import { createHash } from 'node:crypto';
import type { DataFolder } from './data-folder.ts';

/** What is written last: a folder without it is not whole. */
export const manifestName = '_manifest.json';

type Manifest = Readonly<Record<string, unknown>>;

/** Stages a folder's manifest, which is to be shown behind all else. */
export const stageManifest = (folder: DataFolder, manifest: Manifest): Promise<void> =>
  folder.stage(manifestName, Buffer.from(`${JSON.stringify(manifest, null, 1)}\n`));

/** A folder's manifest; undefined where it is not whole. */
export async function readManifest(folder: DataFolder): Promise<Manifest | undefined> {
  const text = await folder.read(manifestName);
  return text === undefined ? undefined : (JSON.parse(text) as Manifest);
}

/** The hash by which a manifest knows a file. */
export const fileHash = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
