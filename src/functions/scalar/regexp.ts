import { EvaluationError } from '../../types/numbers.ts';
import { overload, scalar, type ScalarFunction } from '../define.ts';

const cache = new Map<string, RegExp>();
function pattern(text: string): RegExp {
  let found = cache.get(text);
  if (found === undefined) {
    try {
      found = new RegExp(text, 'g');
    } catch (error) {
      throw new EvaluationError(`"${text}" is not a regular expression: ${(error as Error).message}`);
    }
    if (cache.size > 1000) cache.clear();
    cache.set(text, found);
  }
  found.lastIndex = 0;
  return found;
}
const groupOf = (match: RegExpMatchArray, group: number): string | null => match[group] ?? null;

function extract(regex: string, input: string, group = 0): string | null {
  const match = pattern(regex).exec(input);
  return match === null ? null : groupOf(match, group);
}
function extractAll(regex: string, input: string, group = 0): (string | null)[] | null {
  const matches = [...input.matchAll(pattern(regex))];
  if (matches.length > 0 && group >= matches[0]!.length) return null;
  return matches.map((match) => groupOf(match, group));
}
/** Java's replacement text: `$1` and `\` are special; a `$` that names no group is JavaScript's own rule kept out. */
const replacement = (text: string): string => text.replace(/\\(.)/g, (_, c: string) => (c === '$' ? '$$' : c));

export const regexpFunctions: readonly ScalarFunction[] = [
  scalar({
    name: 'REGEXP_EXTRACT',
    doc: 'The first match of a pattern, or one of its groups.',
    category: 'STRING',
    overloads: [
      overload('pattern STRING, input STRING', 'STRING', extract),
      overload('pattern STRING, input STRING, group INTEGER', 'STRING', extract),
    ],
  }),
  scalar({
    name: 'REGEXP_EXTRACT_ALL',
    doc: 'All matches of a pattern, or of one of its groups.',
    category: 'STRING',
    overloads: [
      overload('pattern STRING, input STRING', 'ARRAY<STRING>', extractAll),
      overload('pattern STRING, input STRING, group INTEGER', 'ARRAY<STRING>', extractAll),
    ],
  }),
  scalar({
    name: 'REGEXP_REPLACE',
    doc: 'Every match of a pattern replaced.',
    category: 'STRING',
    overloads: [
      overload('input STRING, pattern STRING, new STRING', 'STRING', (input: string, regex: string, by: string) =>
        input.replace(pattern(regex), replacement(by)),
      ),
    ],
  }),
  scalar({
    name: 'REGEXP_SPLIT_TO_ARRAY',
    doc: 'The parts between the matches of a pattern.',
    category: 'STRING',
    overloads: [
      overload('input STRING, pattern STRING', 'ARRAY<STRING>', (input: string, regex: string) =>
        input.split(pattern(regex)),
      ),
    ],
  }),
];
