import { overload, scalar, type ScalarFunction } from '../define.ts';
import { javaPattern, javaReplacement, type PatternMatch } from './java-pattern.ts';
import { checkLength } from './text-length.ts';

const groupOf = (match: PatternMatch, group: number): string | null => match[group] ?? null;

function extract(regex: string, input: string, group = 0): string | null {
  const match = javaPattern(regex).first(input);
  return match === null ? null : groupOf(match, group);
}
function extractAll(regex: string, input: string, group = 0): (string | null)[] | null {
  const matches = [...javaPattern(regex).all(input)];
  if (matches.length > 0 && group >= matches[0]!.length) return null;
  return matches.map((match) => groupOf(match, group));
}
function replaceAll(input: string, regex: string, by: string): string {
  const replaced = javaReplacement(by);
  let result = '';
  let end = 0;
  for (const match of javaPattern(regex).all(input)) {
    result += input.slice(end, match.index) + replaced(match);
    checkLength(result.length);
    end = match.index + match[0].length;
  }
  return result + input.slice(end);
}

/**
 * Splits at matches, keeping empty parts. A pattern that matches the empty string splits as Java's `split`: without trailing
 * empty parts, and without an empty match at the start.
 */
function splitAt(input: string, regex: string): string[] {
  const matchesEmpty = javaPattern(regex).first('') !== null;
  const parts: string[] = [];
  let end = 0;
  for (const match of javaPattern(regex).all(input)) {
    const until = match.index + match[0].length;
    if (matchesEmpty && until === 0) continue;
    parts.push(input.slice(end, match.index));
    end = until;
  }
  parts.push(input.slice(end));
  if (matchesEmpty) while (parts.length > 1 && parts.at(-1) === '') parts.pop();
  return parts;
}

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
    overloads: [overload('input STRING, pattern STRING, new STRING', 'STRING', replaceAll)],
  }),
  scalar({
    name: 'REGEXP_SPLIT_TO_ARRAY',
    doc: 'The parts between the matches of a pattern.',
    category: 'STRING',
    overloads: [overload('input STRING, pattern STRING', 'ARRAY<STRING>', splitAt)],
  }),
];
