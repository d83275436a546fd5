import http from 'node:http';
import https from 'node:https';
import { checkOutbound, guardedLookup } from './outbound.ts';
import { withoutSecret } from './secrets.ts';

export type AwsService = 'dynamodb' | 's3';

/** Where the services of AWS are, or servers that answer as they do, and who asks them. What is not said is as AWS's own tools find it. */
interface AwsAccess {
  readonly region?: string | undefined;
  readonly endpoints: { readonly [S in AwsService]?: string | undefined };
  readonly accessKeyId?: string | undefined;
  readonly secretAccessKey?: string | undefined;
}
let access: AwsAccess = { endpoints: {} };

/** Sets how this thread reaches AWS. */
export function setAws(next: AwsAccess): void {
  access = next;
}

/** What the settings of this thread are: another value after each `setAws`. */
export const awsAccess = (): object => access;

const connectMs = 3000;
/** A server that says nothing for so long is given up. */
const silentMs = 20_000;
/** A server of one's own has no regions, but a signature names one. */
const anyRegion = 'us-east-1';

/** A name is looked at when it is resolved, as everywhere. */
const lookup: ReturnType<typeof guardedLookup> = (name, options, done) => {
  guardedLookup(new URL(`https://${name}`))(name, options, done);
};

/** What a client of a service is made with. */
export function awsConfig(service: AwsService, sockets: number) {
  const { region, accessKeyId, secretAccessKey } = access;
  const endpoint = access.endpoints[service];
  if ((accessKeyId === undefined) !== (secretAccessKey === undefined))
    throw new TypeError('aws.access.key.id and aws.secret.access.key are set together, or neither of them');
  const agent = { keepAlive: true, maxSockets: sockets, lookup };
  const known = region ?? (endpoint === undefined ? undefined : anyRegion);
  return {
    ...(known === undefined ? {} : { region: known }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(accessKeyId === undefined || secretAccessKey === undefined
      ? {}
      : { credentials: { accessKeyId, secretAccessKey } }),
    maxAttempts: 3,
    requestHandler: {
      connectionTimeout: connectMs,
      socketTimeout: silentMs,
      httpAgent: new http.Agent(agent),
      httpsAgent: new https.Agent(agent),
    },
  };
}

/** Whether a server stands in for a service. */
export const awsHasEndpoint = (service: AwsService): boolean => access.endpoints[service] !== undefined;

/** Where a server stands in for a service: ` at host:port`, or nothing where it is AWS's own. */
export const awsPlace = (service: AwsService): string => {
  const endpoint = access.endpoints[service];
  return endpoint === undefined ? '' : ` at ${new URL(endpoint).host}`;
};

/** Middleware of a client: no request goes to a host that may not be called. */
export const onlyOutbound =
  <A extends { readonly request: unknown }, O>(next: (args: A) => Promise<O>) =>
  (args: A): Promise<O> => {
    const { protocol, hostname, port } = args.request as { protocol: string; hostname: string; port?: number };
    checkOutbound(`${protocol}//${hostname}${port === undefined ? '' : `:${port}`}`);
    return next(args);
  };

/** What went wrong, without secrets. */
export function awsFailure(error: unknown): string {
  const { message, name, code } = error as Error & { readonly code?: string };
  const said = message === '' || message === 'UnknownError' ? (code ?? name) : message;
  return withoutSecret(said, access.secretAccessKey);
}
