import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isInS3, listObjects, openObject, S3Failure } from '../../util/s3.ts';
import { fromMlflow, trackingServer, type MlflowPath } from './mlflow-registry.ts';

/** A folder with a model, wherever it is. */
export interface ArtifactFolder {
  /** Where it is, for people. */
  readonly place: string;
  /** The names of the files that are in it, without those of folders below. */
  names(): Promise<readonly string[]>;
  /** The content of a file, piece by piece. */
  read(name: string): AsyncIterable<Uint8Array>;
}

/** The folder that MLflow names as the one of a model's files. */
export function artifactFolder(uri: string): ArtifactFolder {
  if (isInS3(uri)) return s3Artifacts(uri.replace(/\/+$/, ''));
  const [, host, path] = /^mlflow-artifacts:(?:\/\/([^/]+))?\/+(.*?)\/*$/.exec(uri) ?? [];
  if (path !== undefined) return proxiedArtifacts(uri, host, path);
  if (uri.startsWith('/') || uri.startsWith('file:')) return localArtifacts(uri);
  throw new TypeError(`${uri} is not read: artifacts at s3:, mlflow-artifacts: and file: are`);
}

/** Objects are read by so many bytes. */
const pieceBytes = 8 * 1024 * 1024;

/** The objects of a bucket below a prefix. */
export const s3Artifacts = (path: string): ArtifactFolder => ({
  place: path,
  names: async () => (await listObjects(path, '')).filter((name) => !name.includes('/')),
  async *read(name) {
    const object = await openObject(`${path}/${name}`);
    if (object === undefined) throw new S3Failure(`${path}/${name}`, new TypeError('there is no such object'));
    for (let at = 0; at < object.size; at += pieceBytes)
      yield new Uint8Array(await object.slice(at, Math.min(at + pieceBytes, object.size)));
  },
});

/** A folder of this node's disk. */
function localArtifacts(uri: string): ArtifactFolder {
  const path = uri.startsWith('file:') ? fileURLToPath(uri) : uri;
  return {
    place: path,
    names: async () =>
      (await readdir(path, { withFileTypes: true })).filter((one) => one.isFile()).map(({ name }) => name),
    read: (name) => createReadStream(join(path, name)) as AsyncIterable<Uint8Array>,
  };
}

/** Files that MLflow gives itself, on behalf of who asks, from wherever it has them. */
function proxiedArtifacts(place: string, host: string | undefined, path: string): ArtifactFolder {
  const server = trackingServer(host);
  const at = (rest: string): MlflowPath => `/api/2.0/mlflow-artifacts/artifacts${rest}` as const;
  return {
    place,
    async names() {
      const answer = await fromMlflow(server, at(`?${String(new URLSearchParams({ path }))}`));
      const { files = [] } = JSON.parse(await answer.text()) as {
        files?: readonly { readonly path: string; readonly is_dir: boolean }[];
      };
      return files.filter((file) => !file.is_dir).map((file) => file.path);
    },
    async *read(name) {
      const encoded = `${path}/${name}`.split('/').map(encodeURIComponent).join('/');
      yield* (await fromMlflow(server, at(`/${encoded}`))).body;
    },
  };
}
