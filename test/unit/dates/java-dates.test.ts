import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import {
  formatDate,
  formatTime,
  formatTimestamp,
  parseDateText,
  parseTimestampText,
  parseTimeText,
  parseWholeDate,
} from '../../../src/types/dates/index.ts';
import { EvaluationError } from '../../../src/types/numbers.ts';

// The vectors were made by test/support/java/DateVectors.java with Java 17; a function's or pattern's repetition is left out.
type Call = (argument: string, pattern: string, zone: string) => string | number;
const functions: Readonly<Record<string, Call>> = {
  FD: (days, pattern) => formatDate(Number(days), pattern),
  FT: (millis, pattern) => formatTime(Number(millis), pattern),
  FS: (ms, pattern, zone) => formatTimestamp(Number(ms), pattern, zone),
  PD: (text, pattern) => parseDateText(text, pattern),
  SD: (text, pattern) => parseWholeDate(text, pattern),
  PT: (text, pattern) => parseTimeText(text, pattern),
  PS: (text, pattern, zone) => parseTimestampText(text, pattern, zone),
};

interface Vector {
  readonly name: string;
  readonly pattern: string;
  readonly argument: string;
  readonly zone: string;
  readonly expected: string;
}
function vectors(): Vector[] {
  let [name, pattern] = ['', ''];
  const lines = readFileSync(new URL('java-dates.txt', import.meta.url), 'utf8')
    .split('\n')
    .slice(0, -1);
  return lines.map((line) => {
    const [fn, text, argument, zone, expected] = line.split('\t') as [string, string, string, string, string];
    if (fn !== '') name = fn;
    if (text !== '=') pattern = text;
    return { name, pattern, argument, zone: zone === '' ? 'GMT' : zone, expected };
  });
}

/** The text of the result, or `!` for a named error of data. */
function outcome({ name, pattern, argument, zone }: Vector): string {
  try {
    return String(functions[name]!(argument, pattern, zone));
  } catch (error) {
    if (error instanceof EvaluationError) return '!';
    throw error;
  }
}

const differences = (list: readonly Vector[]): string[] =>
  list.flatMap((vector) => {
    const actual = outcome(vector);
    return actual === vector.expected ? [] : [`${JSON.stringify(vector)}: ${actual}`];
  });

test('patterns, texts and zones are as java.time has them', () => {
  const list = vectors();
  expect(list.length).toBeGreaterThan(5000);
  expect(differences(list)).toEqual([]);
});

test('a result does not depend on what was compiled before', () => {
  expect(differences(vectors().reverse())).toEqual([]);
});
