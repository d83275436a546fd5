import { remoteOptions, sagemakerOptions, servedOptions } from '../../../config/provider-options.ts';
import type { ModelVersion } from '../../../types/model.ts';
import { awsSignature } from '../../../util/aws-signature.ts';
import { secretValue } from '../../../util/secrets.ts';
import type { JsonProtocol } from '../json-provider.ts';
import { remoteServer, type RemoteServer } from '../remote.ts';
import { http } from './http.ts';

type Options = ModelVersion['options'];

const regionOf = (options: Options): string => sagemakerOptions.read('REGION', options)!;

/** ENDPOINT, which is SageMaker's runtime in the region unless it is told. */
function endpoint(options: Options): string {
  const given = remoteOptions.read('ENDPOINT', options);
  if (given !== undefined) return given.replace(/\/+$/, '');
  const region = regionOf(options);
  return `https://runtime.sagemaker.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`;
}

/** An endpoint of SageMaker, whose container takes JSON of any form: http's template and path. Each call is signed. */
export const sagemaker: JsonProtocol = {
  isByRow: http.isByRow,
  model: (options, columns) => ({
    ...http.model(options, columns),
    path: `/endpoints/${encodeURIComponent(servedOptions.read('MODEL_NAME', options)!)}/invocations`,
  }),
  check: undefined,
  endpoint,
  server(options): RemoteServer {
    const server = remoteServer(options, endpoint(options));
    const secret = (name: 'ACCESS_KEY_ID' | 'SECRET_ACCESS_KEY' | 'SESSION_TOKEN'): string | undefined => {
      // As stored: a name that the settings no longer list is an error, not a call that another key signs.
      const reference = options[name];
      return reference === undefined ? undefined : secretValue(reference);
    };
    const accessKeyId = secret('ACCESS_KEY_ID')!;
    const secretAccessKey = secret('SECRET_ACCESS_KEY')!;
    const sessionToken = secret('SESSION_TOKEN');
    const variant = servedOptions.read('MODEL_VERSION', options);
    const headers = {
      ...server.headers,
      ...(variant !== undefined && { 'x-amzn-sagemaker-target-variant': variant }),
    };
    const signedNames = Object.keys(headers).filter((name) => name === 'content-type' || name.startsWith('x-amz'));
    const signed = Object.fromEntries(signedNames.map((name) => [name, headers[name as keyof typeof headers]!]));
    return {
      ...server,
      headers,
      secrets: [...server.secrets, secretAccessKey, ...(sessionToken === undefined ? [] : [sessionToken])],
      sign: (method, url, body) =>
        awsSignature(
          { method, url, body, headers: signed, region: regionOf(options), service: 'sagemaker' },
          { accessKeyId, secretAccessKey, sessionToken },
          new Date(),
        ),
    };
  },
};
