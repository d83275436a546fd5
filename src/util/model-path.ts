import { isInS3, s3Place } from './s3.ts';

/** A model of MLflow's registry: a version of it, or the one that an alias names. */
export interface RegisteredModel {
  readonly name: string;
  readonly version: string | undefined;
  readonly alias: string | undefined;
}

const isRegistered = (path: string): boolean => /^models:/i.test(path);

/** What `models:/name/version` or `models:/name@alias` names; undefined for another path. */
export function registeredModel(path: string): RegisteredModel | undefined {
  const [, name, version, alias] = /^models:\/([^/:@]+)(?:\/([1-9]\d*)|@([\w-]+))$/.exec(path) ?? [];
  return name === undefined ? undefined : { name, version, alias };
}

/** Whether a model is a file of the node's own disk. */
export const isOnDisk = (path: string): boolean => !isInS3(path) && !isRegistered(path);

/** Why a path of a model can be none, as far as it tells; undefined when it can. */
export function whyNoModelPath(path: string): string | undefined {
  if (isRegistered(path) && registeredModel(path) === undefined)
    return "it must be 'models:/name/version' or 'models:/name@alias'";
  const place = isInS3(path) ? s3Place(path) : undefined;
  return isInS3(path) && (place === undefined || place.key === '') ? "it must be 's3://bucket/model.onnx'" : undefined;
}
