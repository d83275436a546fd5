import { EvaluationError } from '../../types/numbers.ts';

/** The parts of a URI as java.net.URI gives them (RFC 2396 with its deviations), not decoded; what is missing is undefined. */
export interface Uri {
  readonly scheme: string | undefined;
  /** What stands behind `//`; of an opaque URI such as `mailto:a@b` there is none, and no path and no query. */
  readonly authority: string | undefined;
  readonly path: string | undefined;
  readonly query: string | undefined;
  readonly fragment: string | undefined;
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
  let at = text.indexOf('%');
  if (at < 0) return text;
  let [decoded, from] = ['', 0];
  for (; at >= 0; at = text.indexOf('%', from)) {
    let [end, isAscii] = [at, true];
    while (
      text.charCodeAt(end) === 0x25 &&
      isHexDigit(text.charCodeAt(end + 1)) &&
      isHexDigit(text.charCodeAt(end + 2))
    ) {
      isAscii &&= text.charCodeAt(end + 1) < 0x38;
      end += 3;
    }
    // A character of several bytes is decoded with all that stand beside it.
    const run = text.slice(at, end);
    if (end === at) decoded += text.slice(from, ++end);
    else decoded += text.slice(from, at) + (isAscii ? asciiDecoded(run) : utf8Decoded(run));
    from = end;
  }
  return decoded + text.slice(from);
}
function asciiDecoded(run: string): string {
  let decoded = '';
  for (let i = 1; i < run.length; i += 3) decoded += String.fromCharCode(parseInt(run.slice(i, i + 2), 16));
  return decoded;
}
const utf8Decoded = (run: string): string => Buffer.from(run.replaceAll('%', ''), 'hex').toString();
const isHexDigit = (code: number): boolean =>
  (code >= 0x30 && code <= 0x39) || ((code | 0x20) >= 0x61 && (code | 0x20) <= 0x66);

/** Parses a URI; throws for text that java.net.URI refuses. */
export function parseUri(text: string): Uri {
  const hash = text.indexOf('#');
  const fragment = hash < 0 ? undefined : text.slice(hash + 1);
  const head = hash < 0 ? text : text.slice(0, hash);
  const colon = schemeEnd(head);
  const scheme = colon < 0 ? undefined : head.slice(0, colon);
  if (scheme !== undefined && !/^[A-Za-z][A-Za-z0-9+.-]*$/.test(scheme)) refuse(text, 'its scheme');
  if (illegal.test(text)) refuse(text, 'a character that must be encoded');
  if (fragment?.includes('#') === true) refuse(text, 'a second #');
  const begin = colon + 1;
  if (scheme !== undefined && begin === head.length) refuse(text, 'nothing behind its scheme');
  if (scheme !== undefined && head.charCodeAt(begin) !== slash)
    return { scheme, authority: undefined, path: undefined, query: undefined, fragment };
  const mark = head.indexOf('?', begin);
  const pathEnd = mark < 0 ? head.length : mark;
  let pathBegin = begin;
  let authority: string | undefined;
  if (head.startsWith('//', begin)) {
    const next = head.indexOf('/', begin + 2);
    pathBegin = next < 0 || next > pathEnd ? pathEnd : next;
    authority = head.slice(begin + 2, pathBegin);
  }
  const path = head.slice(pathBegin, pathEnd);
  const query = mark < 0 ? undefined : head.slice(mark + 1);
  if (authority === '' && path === '' && query === undefined && fragment === undefined) refuse(text, 'no authority');
  if (path.includes('[') || path.includes(']')) refuse(text, 'a bracket in its path');
  return { scheme, authority, path, query, fragment };
}

/** The host and port of an authority; neither where it is none of a server. */
export function hostAndPort(authority: string | undefined): {
  readonly host: string | null;
  readonly port: number | null;
} {
  const found = authority === undefined ? null : server.exec(authority);
  const host = found?.[1];
  const isV4 = host !== undefined && /^[\d.]+$/.test(host) && host.split('.').some((part) => Number(part) > 255);
  if (host === undefined || isV4) return { host: null, port: null };
  const port = found![2];
  return { host, port: port === undefined || port === '' ? null : Number(port) };
}

const slash = 0x2f;

/** Where the colon behind the scheme is; -1 where another delimiter comes first. */
function schemeEnd(head: string): number {
  for (let i = 0; i < head.length; i++) {
    const code = head.charCodeAt(i);
    if (code === 0x3a) return i;
    if (code === slash || code === 0x3f) return -1;
  }
  return -1;
}

function refuse(text: string, why: string): never {
  throw new EvaluationError(`"${text}" is no URL: ${why}`);
}
