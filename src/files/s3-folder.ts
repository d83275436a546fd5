import { isMissing, listObjects, openObject, S3Failure, useS3 } from '../util/s3.ts';
import { describedBy, stagedFolder, stagedSuffix, type DataFile, type DataFolder } from './data-folder.ts';

/** An object, which is read by pieces. */
export const s3File = (path: string): DataFile => ({
  async open() {
    const object = await openObject(path);
    if (object === undefined) throw new S3Failure(path, new TypeError('there is no such object'));
    return { ...object, close: () => Promise.resolve() };
  },
});

/**
 * A folder of a bucket: what begins with a prefix. An object is there with all of its bytes or not at all; a staged one is shown by
 * a copy that the server makes, and then removed.
 */
export class S3Folder implements DataFolder {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path.replace(/\/+$/, '');
  }

  stage(name: string, bytes: Uint8Array): Promise<void> {
    return useS3(this.#path, async ({ client, module }, { bucket: Bucket, key }) => {
      await client.send(new module.PutObjectCommand({ Bucket, Key: under(key, staged(name)), Body: bytes }));
    });
  }
  show(names: readonly string[]): Promise<void> {
    return useS3(this.#path, async ({ client, module }, { bucket: Bucket, key }) => {
      for (const name of names) {
        const from = under(key, staged(name));
        const CopySource = [Bucket, ...from.split('/')].map(escaped).join('/');
        try {
          await client.send(new module.CopyObjectCommand({ Bucket, Key: under(key, name), CopySource }));
        } catch (error) {
          if (!isMissing(error)) throw error;
          if ((await openObject(`${this.#path}/${staged(name)}`)) !== undefined) throw new NotFoundToCopy(from);
          continue;
        }
        await client.send(new module.DeleteObjectCommand({ Bucket, Key: from }));
      }
    });
  }
  discard(names: readonly string[]): Promise<void> {
    return this.remove(names.map(staged));
  }
  remove(names: readonly string[]): Promise<void> {
    return useS3(this.#path, async ({ client, module }, { bucket: Bucket, key }) => {
      for (const name of names) await client.send(new module.DeleteObjectCommand({ Bucket, Key: under(key, name) }));
    });
  }

  async staged(): Promise<string[]> {
    const names = await listObjects(this.#path, `${stagedFolder}/`);
    return names
      .filter((name) => name.endsWith(stagedSuffix))
      .map((name) => name.slice(stagedFolder.length + 1, -stagedSuffix.length));
  }
  async shown(ending: string): Promise<string[]> {
    const names = await listObjects(this.#path, '');
    return names.filter((name) => name.endsWith(ending) && !name.startsWith(`${stagedFolder}/`));
  }
  async read(name: string): Promise<string | undefined> {
    const object = await openObject(this.pathOf(name));
    return object && Buffer.from(await object.slice(0, object.size)).toString('utf8');
  }
  async bytes(name: string): Promise<Uint8Array> {
    const object = await this.file(name).open();
    return new Uint8Array(await object.slice(0, object.size));
  }
  file(name: string): DataFile {
    return s3File(this.pathOf(name));
  }
  pathOf(name: string): string {
    return `${this.#path}/${name}`;
  }

  /** A server that does not know the condition of a write is asked before. */
  async claim(description: string): Promise<string | undefined> {
    const held = await this.read(describedBy);
    if (held !== undefined) return held;
    const isOwn = await useS3(this.#path, async ({ client, module }, { bucket: Bucket, key }) => {
      try {
        const Key = under(key, describedBy);
        await client.send(new module.PutObjectCommand({ Bucket, Key, Body: description, IfNoneMatch: '*' }));
        return true;
      } catch (error) {
        if ((error as Error).name !== 'PreconditionFailed') throw error;
        return false;
      }
    });
    return isOwn ? undefined : this.read(describedBy);
  }
  release(): Promise<void> {
    return this.remove([describedBy]);
  }
}

/** A server does not find what it holds: were it taken for shown before, its rows would be lost. */
class NotFoundToCopy extends Error {
  override readonly name = 'NotFoundToCopy';

  constructor(key: string) {
    super(`it has ${key}, and does not find it where it is told to copy it`);
  }
}

/** A part of a path in the header of a copy. Some servers take the name of a day's folder only as it is. */
const escaped = (part: string): string => encodeURIComponent(part).replaceAll('%3D', '=');

const staged = (name: string): string => `${stagedFolder}/${name}${stagedSuffix}`;
const under = (key: string, name: string): string => (key === '' ? name : `${key}/${name}`);
