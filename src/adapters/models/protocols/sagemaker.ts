import { healthOptions, remoteOptions, sagemakerOptions, servedOptions } from '../../../config/provider-options.ts';
import type { ModelVersion } from '../../../types/model.ts';
import { awsSignature } from '../../../util/aws-signature.ts';
import { secretValue } from '../../../util/secrets.ts';
import type { JsonProtocol } from '../json-provider.ts';
import { callServer, remoteServer, type RemoteServer } from '../remote.ts';
import { http } from './http.ts';

type Options = ModelVersion['options'];

const regionOf = (options: Options): string => sagemakerOptions.read('REGION', options)!;

const domainOf = (region: string): string => `amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`;

/** ENDPOINT, which is SageMaker's runtime in the region unless it is told. */
function endpoint(options: Options): string {
  const given = remoteOptions.read('ENDPOINT', options);
  if (given !== undefined) return given.replace(/\/+$/, '');
  const region = regionOf(options);
  return `https://runtime.sagemaker.${region}.${domainOf(region)}`;
}

const modelName = (options: Options): string => servedOptions.read('MODEL_NAME', options)!;

/** A server whose calls are signed with the keys of the options. `extra` are headers of every call, signed where they are AWS's. */
function signedServer(options: Options, url: string, extra: Readonly<Record<string, string>>): RemoteServer {
  const server = remoteServer(options, url);
  const secret = (name: 'ACCESS_KEY_ID' | 'SECRET_ACCESS_KEY' | 'SESSION_TOKEN'): string | undefined => {
    // As stored: a name that the settings no longer list is an error, not a call that another key signs.
    const reference = options[name];
    return reference === undefined ? undefined : secretValue(reference);
  };
  const accessKeyId = secret('ACCESS_KEY_ID')!;
  const secretAccessKey = secret('SECRET_ACCESS_KEY')!;
  const sessionToken = secret('SESSION_TOKEN');
  const headers: Readonly<Record<string, string>> = { ...server.headers, ...extra };
  const signed = Object.fromEntries(
    Object.entries(headers).filter(([name]) => name === 'content-type' || name.startsWith('x-amz')),
  );
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
}

/** An endpoint answers calls in these states; while it is updated its former variants do. */
const serving = ['InService', 'Updating', 'SystemUpdating', 'RollingBack'];

/**
 * Asks SageMaker's API, because its runtime tells nothing, and because who may call an endpoint may not always describe it only where the health is
 * to be watched.
 */
async function checkStatus(_: RemoteServer, options: Options): Promise<void> {
  if (!healthOptions.read('HEALTH_CHECK_ENABLED', options)) return;
  const region = regionOf(options);
  const api = sagemakerOptions.read('API_ENDPOINT', options) ?? `https://api.sagemaker.${region}.${domainOf(region)}`;
  const server = signedServer(options, api.replace(/\/+$/, ''), {
    'content-type': 'application/x-amz-json-1.1',
    'x-amz-target': 'SageMaker.DescribeEndpoint',
  });
  const name = modelName(options);
  const answer = (await callServer(server, '/', JSON.stringify({ EndpointName: name }))) as { EndpointStatus?: string };
  const { EndpointStatus: status } = answer;
  if (status === undefined || !serving.includes(status)) throw new TypeError(`endpoint "${name}" is ${status}`);
}

/** An endpoint of SageMaker, whose container takes JSON of any form: http's template and path. Each call is signed. */
export const sagemaker: JsonProtocol = {
  isByRow: http.isByRow,
  model: (options, columns) => ({
    ...http.model(options, columns),
    path: `/endpoints/${encodeURIComponent(modelName(options))}/invocations`,
  }),
  check: checkStatus,
  endpoint,
  server(options): RemoteServer {
    const variant = servedOptions.read('MODEL_VERSION', options);
    return signedServer(
      options,
      endpoint(options),
      variant === undefined ? {} : { 'x-amzn-sagemaker-target-variant': variant },
    );
  },
};
