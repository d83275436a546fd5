import { EvaluationError } from '../../types/numbers.ts';
import { overload, scalar, type ScalarFunction } from '../define.ts';
import { hostAndPort, parseUri, percentDecoded, type Uri } from './uri.ts';

/** Form encoding (RFC 1738) as in Java: all but letters, digits and `-_.*` as UTF-8 bytes in hex; a space becomes a plus. */
function formEncoded(text: string): string {
  let result = '';
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    // Of what is not ASCII on the bytes are taken, a lone surrogate as U+FFFD.
    if (code > 0x7f) {
      for (const byte of Buffer.from(text.slice(i))) result += encodedBytes[byte]!;
      return result;
    }
    result += encodedBytes[code]!;
  }
  return result;
}
const encodedBytes: readonly string[] = Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte);
  if (/[A-Za-z0-9\-_.*]/.test(character)) return character;
  return byte === 0x20 ? '+' : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
});

function formDecoded(text: string): string {
  if (/%(?![0-9A-Fa-f]{2})/.test(text)) throw new EvaluationError(`"${text}" has a % without two hexadecimal digits`);
  return percentDecoded(text.replaceAll('+', ' '));
}

/** The first value of a parameter in a decoded query; an empty text when it has no `=`. */
function parameter(query: string | null, name: string): string | null {
  if (query === null) return null;
  let equals = -1;
  for (let from = 0; from <= query.length;) {
    const next = query.indexOf('&', from);
    const end = next < 0 ? query.length : next;
    if (equals < from) equals = query.indexOf('=', from);
    if (equals < 0) equals = query.length;
    const nameEnd = Math.min(equals, end);
    if (nameEnd - from === name.length && query.startsWith(name, from)) return query.slice(nameEnd + 1, end);
    from = end + 1;
  }
  return null;
}
const decoded = (part: string | undefined): string | null => (part === undefined ? null : percentDecoded(part));

const ofText = (name: string, doc: string, returns: string, evaluate: (text: string) => unknown): ScalarFunction =>
  scalar({ name, doc, category: 'URL', overloads: [overload('input STRING', returns, evaluate)] });

const part = (name: string, doc: string, returns: string, read: (uri: Uri) => unknown): ScalarFunction =>
  ofText(name, doc, returns, (text) => read(parseUri(text)));

/** Functions of URLs. A missing part is NULL, and so is every part of invalid text. */
export const urlFunctions: readonly ScalarFunction[] = [
  ofText('URL_ENCODE_PARAM', 'A text as the value of a parameter of a URL.', 'STRING', formEncoded),
  ofText('URL_DECODE_PARAM', 'The text behind the value of a parameter of a URL.', 'STRING', formDecoded),
  part('URL_EXTRACT_FRAGMENT', 'What stands behind the # of a URL, decoded.', 'STRING', ({ fragment }) =>
    decoded(fragment),
  ),
  part('URL_EXTRACT_HOST', 'The host of a URL.', 'STRING', ({ authority }) => hostAndPort(authority).host),
  part('URL_EXTRACT_PATH', 'The path of a URL, decoded.', 'STRING', ({ path }) => decoded(path)),
  part('URL_EXTRACT_PORT', 'The port of a URL.', 'INTEGER', ({ authority }) => hostAndPort(authority).port),
  part('URL_EXTRACT_PROTOCOL', 'The scheme of a URL.', 'STRING', ({ scheme }) => scheme ?? null),
  part('URL_EXTRACT_QUERY', 'What stands behind the ? of a URL, decoded.', 'STRING', ({ query }) => decoded(query)),
  scalar({
    name: 'URL_EXTRACT_PARAMETER',
    doc: 'The first value of a parameter of a URL, decoded; empty where it has no =.',
    category: 'URL',
    overloads: [
      overload('input STRING, name STRING', 'STRING', (text: string, name: string) =>
        parameter(decoded(parseUri(text).query), name),
      ),
    ],
  }),
];
