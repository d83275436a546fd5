import { EvaluationError } from '../../types/numbers.ts';

/** The parts of a URI as java.net.URI gives them (RFC 2396 with its deviations); path, query and fragment are decoded. */
export interface Uri {
  readonly scheme: string | null;
  readonly host: string | null;
  readonly port: number | null;
  /** Null for an opaque URI such as `mailto:a@b`. */
  readonly path: string | null;
  readonly query: string | null;
  readonly fragment: string | null;
}

// Non-ASCII characters are allowed anywhere, except spaces and control characters.
const illegal =
  /[\u0000- "<>\\^`{|}\u007f-\u009f\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]|%(?![0-9A-Fa-f]{2})/;
const label = '[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?';
const server = new RegExp(
  `^(?:[^@/]*@)?((?:${label}\\.)*[A-Za-z](?:[A-Za-z0-9-]*[A-Za-z0-9])?\\.?|(?:\\d{1,3}\\.){3}\\d{1,3}|\\[[0-9A-Fa-f:.%\\w]+\\])(?::(\\d*))?$`,
);

/** Decodes `%xx` as UTF-8; invalid bytes become U+FFFD. */
export function percentDecoded(text: string): string {
  return text.replace(/(?:%[0-9A-Fa-f]{2})+/g, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString());
}

/** Parses a URI; throws for text that java.net.URI refuses. */
export function parseUri(text: string): Uri {
  const refuse = (why: string): never => {
    throw new EvaluationError(`"${text}" is no URL: ${why}`);
  };
  const [, scheme, rest, fragment] = /^(?:([^:/?#]*):)?([^#]*)(?:#([\s\S]*))?$/.exec(text) ?? refuse('a second #');
  if (scheme !== undefined && !/^[A-Za-z][A-Za-z0-9+.-]*$/.test(scheme)) refuse('its scheme');
  if (illegal.test(text)) refuse('a character that must be encoded');
  if (fragment?.includes('#') === true) refuse('a second #');
  const decoded = (part: string | undefined): string | null => (part === undefined ? null : percentDecoded(part));
  const base = { scheme: scheme ?? null, fragment: decoded(fragment) };
  if (scheme !== undefined && rest === '') refuse('nothing behind its scheme');
  if (scheme !== undefined && !rest!.startsWith('/'))
    return { ...base, host: null, port: null, path: null, query: null };
  const [, authority, path, query] = /^(?:\/\/([^/?]*))?([^?]*)(?:\?([\s\S]*))?$/.exec(rest!)!;
  if (authority === '' && path === '' && query === undefined && fragment === undefined) refuse('no authority');
  if (path!.includes('[') || path!.includes(']')) refuse('a bracket in its path');
  const [, host, port] = server.exec(authority ?? '') ?? [];
  const isV4 = /^[\d.]+$/.test(host ?? '') && host!.split('.').some((part) => Number(part) > 255);
  return {
    ...base,
    host: host === undefined || isV4 ? null : host,
    port: port === undefined || port === '' || isV4 ? null : Number(port),
    path: decoded(path)!,
    query: decoded(query),
  };
}
