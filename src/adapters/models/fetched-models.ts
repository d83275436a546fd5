import { createHash, randomUUID } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { modelAccess } from '../../util/model-access.ts';
import { registeredModel } from '../../util/model-path.ts';
import { isInS3 } from '../../util/s3.ts';
import { artifactFolder, s3Artifacts, type ArtifactFolder } from './artifacts.ts';
import { artifactsOf, trackingServer, versionOf } from './mlflow-registry.ts';
import { readOnnx } from './onnx-file.ts';

/** A model's file on this node. */
export interface ModelFile {
  readonly path: string;
  /** The path that names this version for good, where the given one may name another later. */
  readonly pinned: string | undefined;
}

/** The file of PATH: one of this node, or what was fetched from S3 or from MLflow's registry into its folder. */
export async function modelFile(path: string): Promise<ModelFile> {
  if (isInS3(path)) {
    const folder = s3Artifacts(dirname(path).replace(/^s3:\/(?!\/)/, 's3://'));
    return { path: await fetched(folder, basename(path)), pinned: undefined };
  }
  const registered = registeredModel(path);
  if (registered === undefined) return { path: resolve(path), pinned: undefined };
  const version = await versionOf(registered);
  const pinned = `models:/${registered.name}/${version}`;
  // A version of the registry keeps its files.
  const known = await noted(pinned);
  if (known !== undefined) return { path: known, pinned };
  const folder = artifactFolder(await artifactsOf(registered.name, version));
  const file = await fetched(folder, onlyModel(folder.place, await folder.names()));
  await note(pinned, file);
  return { path: file, pinned };
}

function onlyModel(place: string, names: readonly string[]): string {
  const models = names.filter((name) => name.endsWith('.onnx'));
  if (models.length === 1) return models[0]!;
  const has = names.length === 0 ? 'nothing' : names.slice(0, 10).join(', ');
  throw new TypeError(
    models.length === 0
      ? `${place} has no ONNX file, only ${has}: log the model with mlflow.onnx.log_model`
      : `${place} has several ONNX files: ${models.join(', ')}`,
  );
}

let own: string | undefined;
const cache = (): string => modelAccess().folder ?? (own ??= mkdtempSync(join(tmpdir(), 'millrace-models-')));

/** A name that is a file's own, and no way out of its folder. */
function plain(name: string, place: string): string {
  if (name === '' || name === '.' || name === '..' || /[/\\\0]/.test(name))
    throw new TypeError(`${place}: "${name}" is no name of a file beside the model`);
  return name;
}

/** Whatever its name was: the same content is the same file. */
const modelName = 'model.onnx';

/** Fetches a model with the files of its weights; the folder that they are in has the name of their hash. */
async function fetched(folder: ArtifactFolder, name: string): Promise<string> {
  const root = cache();
  const coming = join(root, `.coming-${randomUUID()}`);
  await mkdir(coming, { recursive: true });
  try {
    const main = join(coming, modelName);
    await save(main, folder.read(plain(name, folder.place)));
    const { external } = readOnnx(await readFile(main));
    for (const beside of external) {
      if (beside === modelName) throw new TypeError(`${folder.place}: its weights are in a file of the name ${beside}`);
      await save(join(coming, plain(beside, folder.place)), folder.read(beside));
    }
    const hash = await hashOf(main);
    const kept = join(root, hash);
    // Another thread may have been faster, with the same content.
    if ((await wholeHash(join(kept, modelName))) !== hash) {
      await rm(kept, { recursive: true, force: true });
      await rename(coming, kept).catch(async (error: unknown) => {
        if ((await wholeHash(join(kept, modelName))) !== hash) throw error;
      });
    }
    return join(kept, modelName);
  } finally {
    await rm(coming, { recursive: true, force: true });
  }
}

async function save(path: string, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  const file = await open(path, 'w');
  try {
    for await (const piece of pieces) await file.writeFile(piece);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** The hash of a model with that of the files of its weights. */
async function hashOf(path: string): Promise<string> {
  const bytes = await readFile(path);
  const hash = createHash('sha256').update(bytes);
  for (const beside of readOnnx(bytes).external) hash.update(await readFile(join(dirname(path), plain(beside, path))));
  return hash.digest('hex');
}
/** That hash, or undefined where the files are not there or no model. */
const wholeHash = (path: string): Promise<string | undefined> => hashOf(path).catch(() => undefined);

/** Where it is written which file a version of the registry is. */
const noteOf = (pinned: string): string =>
  join(cache(), `${createHash('sha256').update(`${trackingServer()} ${pinned}`).digest('hex')}.json`);

/** The file of a version that was fetched before, unless it is not what it was any more. */
async function noted(pinned: string): Promise<string | undefined> {
  const text = await readFile(noteOf(pinned), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const { hash } = JSON.parse(text) as { hash: string };
  const path = join(cache(), plain(hash, pinned), modelName);
  return (await wholeHash(path)) === hash ? path : undefined;
}
async function note(pinned: string, path: string): Promise<void> {
  const at = noteOf(pinned);
  const coming = `${at}.${randomUUID()}`;
  await writeFile(coming, JSON.stringify({ hash: basename(dirname(path)), model: pinned }));
  await rename(coming, at);
}
