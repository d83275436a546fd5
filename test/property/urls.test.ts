import { expect, test } from 'vitest';
import { hostAndPort, parseUri, percentDecoded } from '../../src/functions/scalar/uri.ts';
import { urlFunctions } from '../../src/functions/scalar/urls.ts';
import type { ScalarFunction } from '../../src/functions/define.ts';
import { EvaluationError } from '../../src/types/numbers.ts';
import { Random } from '../fuzz/random.ts';
import { runsOf, seedOf } from '../support/scale.ts';

// The rules of java.net.URI as regular expressions say them, which the parser goes through by hand.
const illegal =
  /[\u0000- "<>\\^`{|}\u007f-\u009f\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]|%(?![0-9A-Fa-f]{2})/;
const label = '[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?';
const server = new RegExp(
  `^(?:[^@/]*@)?((?:${label}\\.)*[A-Za-z](?:[A-Za-z0-9-]*[A-Za-z0-9])?\\.?|(?:\\d{1,3}\\.){3}\\d{1,3}|\\[[0-9A-Fa-f:.%\\w]+\\])(?::(\\d*))?$`,
);
const decodedByRule = (text: string): string =>
  text.replace(/(?:%[0-9A-Fa-f]{2})+/g, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString());

/** Scheme, host, port, path, query and fragment, decoded; or why there are none. */
function byRule(text: string): readonly (string | number | null)[] | string {
  const because = (why: string): string => `"${text}" is no URL: ${why}`;
  const [, scheme, rest, fragment] = /^(?:([^:/?#]*):)?([^#]*)(?:#([\s\S]*))?$/.exec(text)!;
  if (scheme !== undefined && !/^[A-Za-z][A-Za-z0-9+.-]*$/.test(scheme)) return because('its scheme');
  if (illegal.test(text)) return because('a character that must be encoded');
  if (fragment?.includes('#') === true) return because('a second #');
  const decoded = (part: string | undefined): string | null => (part === undefined ? null : decodedByRule(part));
  if (scheme !== undefined && rest === '') return because('nothing behind its scheme');
  if (scheme !== undefined && !rest!.startsWith('/')) return [scheme, null, null, null, null, decoded(fragment)];
  const [, authority, path, query] = /^(?:\/\/([^/?]*))?([^?]*)(?:\?([\s\S]*))?$/.exec(rest!)!;
  if (authority === '' && path === '' && query === undefined && fragment === undefined) return because('no authority');
  if (path!.includes('[') || path!.includes(']')) return because('a bracket in its path');
  const [, host, port] = server.exec(authority ?? '') ?? [];
  const isV4 = /^[\d.]+$/.test(host ?? '') && host!.split('.').some((part) => Number(part) > 255);
  return [
    scheme ?? null,
    host === undefined || isV4 ? null : host,
    port === undefined || port === '' || isV4 ? null : Number(port),
    decoded(path),
    decoded(query),
    decoded(fragment),
  ];
}
function byHand(text: string): readonly (string | number | null)[] | string {
  try {
    const { scheme, authority, path, query, fragment } = parseUri(text);
    const decoded = [path, query, fragment].map((part) => (part === undefined ? null : percentDecoded(part)));
    const { host, port } = hostAndPort(authority);
    return [scheme ?? null, host, port, ...decoded];
  } catch (error) {
    if (error instanceof EvaluationError) return error.message;
    throw error;
  }
}

const pieces = [
  'http',
  'https:',
  'a+b.c-d:',
  '1x:',
  ':',
  '/',
  '//',
  '///',
  '?',
  '#',
  '@',
  '&',
  '=',
  '.',
  '..',
  '-',
  '[',
  ']',
  '[::1]',
].concat(
  [
    'u:p@',
    'h',
    'www.example.com',
    'a-.b',
    '127.0.0.1',
    '256.1.1.1',
    '1.2.3',
    ':80',
    ':',
    ':99999',
    'x',
    'a=1',
    'b=',
    '+',
    '*',
    '~',
    '!',
  ],
  [
    '%',
    '%2',
    '%20',
    '%41',
    '%c3%a4',
    '%C3',
    '%e2%82%ac',
    '%7f%80',
    '%00',
    '%zz',
    '%ff%41',
    'ä',
    '€',
    '\u{1f600}',
    '\ud800',
    '\udc00',
  ],
  [
    ' ',
    '\u00a0',
    '\u2028',
    '\u3000',
    '\u0000',
    '\u007f',
    '"',
    '<',
    '^',
    '`',
    '{',
    '|',
    '\\',
    '\n',
    '\t',
    "'",
    '(',
    '$',
    ',',
  ],
);
const randomText = (random: Random): string =>
  Array.from({ length: random.below(9) }, () =>
    random.below(12) === 0 ? String.fromCharCode(random.below(0x180)) : random.pick(pieces),
  ).join('');

test('a URI has the parts, or the refusal, that the rules give', () => {
  const random = new Random(seedOf(2015));
  let whole = 0;
  for (let i = 0; i < runsOf(20_000); i++) {
    const begin = random.below(2) === 0 ? random.pick(['http://', 'https://h', 'mailto:', 'file:///', '//h', '/']) : '';
    const text = begin + randomText(random);
    const wanted = byRule(text);
    if (typeof wanted !== 'string') whole++;
    expect([text, byHand(text)]).toEqual([text, wanted]);
  }
  expect(whole).toBeGreaterThan(runsOf(2000));
});

const call = (name: string): ((...args: string[]) => unknown) => {
  const { overloads } = urlFunctions.find((fn) => fn.name === name) as ScalarFunction;
  return overloads[0]!.bind({ args: [], returns: { kind: 'STRING' }, constants: [] });
};

test('parameters are encoded, decoded and found as a split of the query finds them', () => {
  const random = new Random(seedOf(2016));
  const [encode, find] = [call('URL_ENCODE_PARAM'), call('URL_EXTRACT_PARAMETER')];
  let found = 0;
  for (let i = 0; i < runsOf(10_000); i++) {
    const text = randomText(random);
    const bytes = [...Buffer.from(text)].map((byte) => {
      const character = String.fromCharCode(byte);
      if (/[A-Za-z0-9\-_.*]/.test(character)) return character;
      return byte === 0x20 ? '+' : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    });
    expect([text, encode(text)]).toEqual([text, bytes.join('')]);
    const query = Array.from({ length: random.below(8) }, () =>
      random.pick(['a', 'b', 'ab', '', '=', '&', '=', '&', '%26', '%3d', '1']),
    );
    const url = `http://h/?${query.join('')}`;
    const name = random.pick(['a', 'b', 'ab', '', 'a=']);
    const pairs = decodedByRule(query.join('')).split('&');
    const pair = pairs.find((each) => each.split('=')[0] === name);
    const wanted = pair === undefined ? null : pair.split('=').slice(1).join('=');
    if (wanted !== null) found++;
    expect([url, name, find(url, name)]).toEqual([url, name, wanted]);
  }
  expect(found).toBeGreaterThan(runsOf(1000));
});
