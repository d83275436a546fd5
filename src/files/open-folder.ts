import { resolve } from 'node:path';
import { isInS3, S3Failure, s3Place } from '../util/s3.ts';
import type { DataFile, DataFolder } from './data-folder.ts';
import { LocalFolder, localFile } from './local-folder.ts';
import { S3Folder, s3File } from './s3-folder.ts';

/** The folder of a path, or of `s3://bucket/prefix`. */
export const openFolder = (path: string): DataFolder => (isInS3(path) ? new S3Folder(path) : new LocalFolder(path));

/** The file of a path, or the object of `s3://bucket/key`. */
export const fileAt = (path: string): DataFile => (isInS3(path) ? s3File(path) : localFile(path));

/** A folder's path as plans keep it, the same for each way to write it. */
export function folderPath(path: string): string {
  const place = isInS3(path) ? s3Place(path) : undefined;
  return place === undefined ? resolve(path) : `s3://${place.bucket}/${place.key}`;
}

/** Why a folder cannot be used, and what to do about it; `hint` is for one of the disk. */
export function folderFailure(error: unknown, hint: string): { readonly why: string; readonly hint: string } {
  if (error instanceof S3Failure) return error;
  return { why: (error as NodeJS.ErrnoException).code ?? (error as Error).message, hint };
}
