import type { Right } from '../../statements/rights.ts';

/** A right, `user` for any user, or `statement` where the route itself asks for what its statement or target needs. */
export type RouteRight = Right | 'user' | 'statement';

/** What each route needs. One that does not stand here is served to nobody who has a name to show. */
export const routeRights = [
  ['GET', '/', 'user'],
  ['GET', '/info', 'user'],
  ['GET', '/v1/metadata', 'user'],
  ['GET', '/v1/metadata/id', 'user'],
  ['GET', '/healthcheck', 'user'],
  ['GET', '/chc/ready', 'user'],
  ['GET', '/chc/live', 'user'],
  ['GET', '/readyz', 'user'],
  ['GET', '/livez', 'user'],
  ['GET', '/openapi.json', 'user'],
  // Of other nodes, which show that they are; nobody else has anything there.
  ['POST', '/peer/rows', 'admin'],
  ['GET', '/clusterStatus', 'read'],
  ['GET', '/status', 'read'],
  ['GET', '/status/:type/:entity/:action', 'read'],
  ['GET', '/is_valid_property/:property', 'user'],
  ['GET', '/metrics', 'read'],
  ['POST', '/ksql', 'statement'],
  ['POST', '/ksql/terminate', 'admin'],
  ['POST', '/query', 'statement'],
  ['POST', '/query-stream', 'statement'],
  ['GET', '/ws/query', 'statement'],
  ['POST', '/close-query', 'statement'],
  ['POST', '/inserts-stream', 'statement'],
  ['POST', '/get-online-features', 'statement'],
  ['GET', '/feature-views/:view', 'statement'],
  ['GET', '/feature-views/:view/:entity', 'statement'],
  ['POST', '/push', 'statement'],
  ['GET', '/subjects', 'read'],
  ['GET', '/schemas/types', 'read'],
  ['GET', '/schemas/ids/:id', 'read'],
  ['GET', '/subjects/:subject/versions', 'read'],
  ['GET', '/subjects/:subject/versions/:version', 'read'],
  ['POST', '/subjects/:subject', 'read'],
  ['POST', '/subjects/:subject/versions', 'create'],
  ['DELETE', '/subjects/:subject', 'admin'],
  ['GET', '/config', 'read'],
  ['GET', '/config/:subject', 'read'],
  ['PUT', '/config', 'admin'],
  ['PUT', '/config/:subject', 'admin'],
] as const satisfies readonly (readonly [method: string, path: string, right: RouteRight])[];

type RouteOf<R> = R extends readonly [infer M extends string, infer P extends string, unknown] ? `${M} ${P}` : never;
/** A method and a path. */
export type Route = RouteOf<(typeof routeRights)[number]>;

const patterns = routeRights.map(([method, path, right]) => ({
  method,
  right,
  path: new RegExp(`^${path.replace(/:\w+/g, '[^/]+')}$`),
}));

/** What a request needs; undefined for one of no route. HEAD is GET without a body. */
export function rightOf(method: string, path: string): RouteRight | undefined {
  const asked = method === 'HEAD' ? 'GET' : method;
  return patterns.find((route) => route.method === asked && route.path.test(path))?.right;
}
