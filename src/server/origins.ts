import { isIP } from 'node:net';
import { hostname } from 'node:os';
import type { RequestHandler } from 'express';

/** Who may talk to a listener from a browser. */
export interface BrowserAccess {
  /** The host that the server listens on. */
  readonly host: string;
  /** The name under which others reach it; undefined when that is not known. */
  readonly advertised: string | undefined;
  /** Origins whose pages may use this server beside its own; `*` for any. */
  readonly allowedOrigins: readonly string[];
}

const isLoopback = (name: string): boolean => /^(localhost|.+\.localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i.test(name);

/** The name in `name:port`. */
const nameOf = (authority: string): string => authority.replace(/:\d*$/, '').toLowerCase();

/** The names by which a browser may know the server of its page: any other may be somebody's own that resolves to this machine. */
const isOwnName = (name: string, { host, advertised }: BrowserAccess): boolean =>
  isLoopback(name) ||
  isIP(name.replace(/^\[|\]$/g, '')) !== 0 ||
  [host, advertised, hostname()].some((own) => own?.toLowerCase() === name);

const isSameOrigin = (origin: string, authority: string): boolean =>
  /^https?:\/\//i.test(origin) && origin.toLowerCase().replace(/^https?:\/\//, '') === authority.toLowerCase();

/**
 * Refuses what only a browser sends on behalf of a foreign page: any web page can post to a server on its reader's own machine,
 * and, where a name of its own resolves to that machine, read the answers too. Clients that are no browsers send no Origin. A server that
 * listens on all addresses may be reached by any name (a load balancer's), so there only pages are held to names that are its own.
 */
export function guardBrowsers(access: BrowserAccess): RequestHandler {
  const { host, advertised, allowedOrigins } = access;
  const isLocal = isLoopback(host);
  return (request, response, next) => {
    const refuse = (message: string): void =>
      void response.status(403).json({ '@type': 'generic_error', error_code: 40300, message });
    const authority = request.headers.host ?? String(request.headers[':authority'] ?? '');
    const name = nameOf(authority);
    if (isLocal && name !== '' && !isLoopback(name) && name !== host.toLowerCase() && name !== advertised)
      return refuse(`Host ${name} is not that of a server which listens on ${host} only`);
    const { origin } = request.headers;
    if (origin === undefined || (isSameOrigin(origin, authority) && isOwnName(name, access))) return next();
    if (!allowedOrigins.includes('*') && !allowedOrigins.includes(origin))
      return refuse(`pages of ${origin} may not use this server: access.control.allow.origin lists those that may`);
    response.setHeader('access-control-allow-origin', origin);
    response.setHeader('vary', 'Origin');
    if (request.method !== 'OPTIONS') return next();
    response.setHeader('access-control-allow-methods', 'GET, POST, PUT, DELETE');
    response.setHeader('access-control-allow-headers', request.headers['access-control-request-headers'] ?? '*');
    response.status(204).end();
  };
}
