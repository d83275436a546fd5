import type * as sdk from '@aws-sdk/client-s3';
import { awsAccess, awsConfig, awsFailure, awsHasEndpoint, awsPlace, onlyOutbound } from './aws.ts';
import { requirePart } from './optional-part.ts';

/** A bucket, and what the names of objects begin with there, or the whole name of one. */
export interface S3Place {
  readonly bucket: string;
  readonly key: string;
}

export const isInS3 = (path: string): boolean => /^s3:/i.test(path);

/** What an address `s3://bucket/key` names, without slashes at its end; undefined where it is none. */
export function s3Place(path: string): S3Place | undefined {
  const [, bucket, rest = ''] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(\/.*)?$/s.exec(path) ?? [];
  let [from, to] = [0, rest.length];
  while (rest[from] === '/') from++;
  while (to > from && rest[to - 1] === '/') to--;
  const key = rest.slice(from, to);
  const isPlain = !key.split('/').some((part) => part === '.' || part === '..') && !/[\0-\x1f\x7f]/.test(key);
  return bucket === undefined || !isPlain ? undefined : { bucket, key };
}

/** Why a path that begins as an address in S3 does is none. */
export const notInS3 = "it must be 's3://bucket/prefix'";

/** S3 does not answer, or refuses: what is written to it waits until it does. */
export class S3Failure extends Error {
  override readonly name = 'S3Failure';
  readonly retriable = true;
  /** What went wrong, without the place. */
  readonly why: string;
  /** What the operator can do about it. */
  readonly hint: string;

  constructor(place: string, error: unknown) {
    super(`${place}${awsPlace('s3')}: ${awsFailure(error)}`, { cause: error });
    this.why = `${awsFailure(error)}${awsPlace('s3')}`;
    this.hint = hintOf((error as Error).name);
  }
}

const rights =
  'Who asks (aws.access.key.id, or the role of the machine) must be known there, and be allowed s3:ListBucket, s3:GetObject, s3:PutObject and s3:DeleteObject.';
const hints: Readonly<Record<string, string>> = {
  NoSuchBucket: 'Make the bucket first: Millrace makes none.',
  PermanentRedirect: 'Set aws.region to the region of the bucket.',
  AuthorizationHeaderMalformed: 'Set aws.region to the region of the bucket.',
  AccessDenied: rights,
  InvalidAccessKeyId: rights,
  SignatureDoesNotMatch: rights,
  CredentialsProviderError: 'Set aws.access.key.id and aws.secret.access.key, or give the machine a role.',
  PartMissing: 'Install it beside Millrace on every node, and start the node again.',
  OutboundRefused: 'The operator lists the hosts that may be called in outbound.hosts.',
};
const hintOf = (name: string): string =>
  hints[name] ?? 'S3 must answer: aws.region and aws.s3.endpoint say where it is, aws.access.key.id who asks.';

/** So many connections are open at a time. */
const sockets = 16;

interface S3 {
  readonly client: sdk.S3Client;
  readonly module: typeof sdk;
}
/** The client of this thread, made at first use, and what it was made with. */
let opened: { readonly s3: Promise<S3>; readonly made: object } | undefined;

async function open(): Promise<S3> {
  requirePart('@aws-sdk/client-s3', 'S3');
  const module = await import('@aws-sdk/client-s3');
  const client = new module.S3Client({
    ...awsConfig('s3', sockets),
    // Servers that answer as S3 does have no names for buckets, and not all of them know its newer checksums.
    forcePathStyle: awsHasEndpoint('s3'),
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
  client.middlewareStack.add(onlyOutbound, { step: 'finalizeRequest', name: 'onlyOutbound' });
  return { client, module };
}

/** Does something with the client; whatever goes wrong at a place may go better another time. */
export async function useS3<T>(path: string, work: (s3: S3, place: S3Place) => Promise<T>): Promise<T> {
  try {
    const place = s3Place(path);
    if (place === undefined) throw new TypeError(notInS3);
    if (opened?.made !== awsAccess()) opened = { s3: open(), made: awsAccess() };
    return await work(await opened.s3, place);
  } catch (error) {
    opened?.s3.catch(() => {
      opened = undefined;
    });
    throw new S3Failure(path, error);
  }
}

/** Whether an object is not there. */
export const isMissing = (error: unknown): boolean =>
  ['NoSuchKey', 'NotFound'].includes((error as Error).name) &&
  (error as sdk.S3ServiceException).$metadata.httpStatusCode === 404;

/** The names of the objects below a prefix that begin with a text, without the prefix, in order. */
export const listObjects = (path: string, start: string): Promise<string[]> =>
  useS3(path, async ({ client, module }, { bucket: Bucket, key }) => {
    const names: string[] = [];
    const prefix = key === '' ? '' : `${key}/`;
    const pages = module.paginateListObjectsV2({ client }, { Bucket, Prefix: `${prefix}${start}` });
    for await (const { Contents = [] } of pages) for (const { Key } of Contents) names.push(Key!.slice(prefix.length));
    return names.sort();
  });

/** The bytes of one version of an object. */
export interface S3Object {
  readonly size: number;
  slice(start: number, end: number): Promise<ArrayBuffer>;
}

/** An object of up to so many bytes is read whole at once. */
const wholeBytes = 8 * 1024 * 1024;
/** So many bytes of pieces of an object are kept: a reader comes back to those of the rows that it is at. */
const keptBytes = 64 * 1024 * 1024;

/** Opens an object; undefined when there is none. */
export async function openObject(path: string): Promise<S3Object | undefined> {
  const first = await piece(path, 0, wholeBytes - 1);
  if (first === undefined) return undefined;
  const { bytes, size, tag } = first;
  const kept = new Map<string, Promise<ArrayBuffer>>();
  let held = 0;
  return {
    size,
    slice(start, end) {
      if (end <= bytes.byteLength) return Promise.resolve(exact(bytes.subarray(start, end)));
      const at = `${start}-${end}`;
      const known = kept.get(at);
      if (known !== undefined) return known;
      const read = piece(path, start, end - 1, tag).then((found) => {
        if (found?.bytes.byteLength !== end - start) throw new S3Failure(path, new TypeError('it ends in the middle'));
        return exact(found.bytes);
      });
      for (const key of kept.keys()) {
        if (held + end - start <= keptBytes) break;
        const [from, to] = key.split('-').map(Number);
        held -= to! - from!;
        kept.delete(key);
      }
      kept.set(at, read);
      held += end - start;
      read.catch(() => {
        if (kept.delete(at)) held -= end - start;
      });
      return read;
    },
  };
}

const exact = ({ buffer, byteOffset, byteLength }: Uint8Array): ArrayBuffer =>
  buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer;

interface Piece {
  readonly bytes: Uint8Array;
  /** Of the whole object. */
  readonly size: number;
  readonly tag: string | undefined;
}
const piece = (path: string, start: number, last: number, tag?: string): Promise<Piece | undefined> =>
  useS3(path, async ({ client, module }, { bucket: Bucket, key: Key }) => {
    try {
      const Range = `bytes=${start}-${last}`;
      const wanted = { Bucket, Key, Range, ...(tag === undefined ? {} : { IfMatch: tag }) };
      const { Body, ContentRange, ETag } = await client.send(new module.GetObjectCommand(wanted));
      const bytes = await Body!.transformToByteArray();
      // A server that knows no ranges gives the whole.
      const isPart = ContentRange !== undefined;
      const size = isPart ? Number(/\/(\d+)$/.exec(ContentRange)![1]) : bytes.byteLength;
      return { bytes: isPart || start === 0 ? bytes : bytes.subarray(start, last + 1), size, tag: ETag };
    } catch (error) {
      if (isMissing(error)) return undefined;
      if ((error as Error).name === 'InvalidRange') return { bytes: new Uint8Array(), size: 0, tag: undefined };
      if ((error as Error).name === 'PreconditionFailed') throw new TypeError('it was replaced while it was read');
      throw error;
    }
  });
