import { SqlError } from '../../diagnostics/sql-error.ts';
import type { Span } from '../../diagnostics/source.ts';
import type { PatternSpec, SkipSpec } from '../../specs/pattern.ts';
import type { Name } from '../../syntax/expressions.ts';
import type { MatchNode, PatternNode, SkipNode } from '../../syntax/match.ts';
import { closest } from '../../util/closest.ts';

/** The most rows that a pattern may name one by one, repetitions written out. */
const mostRows = 1000;

export const refuse = (span: Span, why: string, hint: string): never => {
  throw new SqlError('MATCH_INVALID', span, { why, hint });
};

/** The variables of a pattern in order of appearance, and what each name stands for: itself, or the members of a SUBSET. */
export interface Variables {
  readonly names: readonly string[];
  readonly members: ReadonlyMap<string, readonly number[]>;
}

export function variablesOf({ pattern, subsets, define }: MatchNode): Variables {
  const names = [...new Set(namesIn(pattern))];
  const members = new Map(names.map((name, i): [string, readonly number[]] => [name, [i]]));
  const numberOf = (name: Name): number => {
    const number = names.indexOf(name.text);
    if (number < 0) unknown(name, names);
    return number;
  };
  for (const { name, members: parts } of subsets) {
    if (members.has(name.text))
      refuse(name.span, `there are two variables ${name.text}`, 'Give the SUBSET another name.');
    members.set(name.text, parts.map(numberOf));
  }
  const defined = new Set<string>();
  for (const { variable } of define) {
    numberOf(variable);
    if (defined.has(variable.text))
      refuse(variable.span, `${variable.text} is defined twice`, 'Join the conditions by AND.');
    defined.add(variable.text);
  }
  return { names, members };
}

function unknown({ text, span }: Name, names: readonly string[]): never {
  const near = closest(text, names);
  return refuse(
    span,
    `the pattern has no variable ${text}`,
    near === undefined ? `It has ${names.join(', ')}.` : `Did you mean ${near}?`,
  );
}

const namesIn = (pattern: PatternNode): string[] =>
  pattern.kind === 'variable'
    ? [pattern.name.text]
    : pattern.kind === 'repeat'
      ? namesIn(pattern.part)
      : pattern.parts.flatMap(namesIn);

/** Checks a pattern: it must match something, end at some time, and be of bounded size. */
export function bindPattern(pattern: PatternNode, { names }: Variables): PatternSpec {
  const spec = specOf(pattern, names);
  if (isNullable(spec))
    refuse(
      pattern.span,
      'the pattern matches no row at all',
      'Let one variable be there at least once: A+ instead of A*.',
    );
  if (endsOpen(spec))
    refuse(
      pattern.span,
      'the pattern ends with a variable that takes all rows it can get, so that a match would never be over',
      'End with a variable that says what comes behind (A+ B), or take as few as will do: A+?.',
    );
  if (sizeOf(spec) > mostRows)
    refuse(
      pattern.span,
      `the pattern names more than ${mostRows} rows`,
      'Repeat fewer times, or without an upper bound: {100,}.',
    );
  return spec;
}

function specOf(pattern: PatternNode, names: readonly string[]): PatternSpec {
  switch (pattern.kind) {
    case 'variable':
      return { kind: 'variable', variable: names.indexOf(pattern.name.text) };
    case 'repeat': {
      const { least, most, reluctant } = pattern;
      return { kind: 'repeat', part: specOf(pattern.part, names), least, most, reluctant };
    }
    default:
      return { kind: pattern.kind, parts: pattern.parts.map((part) => specOf(part, names)) };
  }
}

function isNullable(spec: PatternSpec): boolean {
  switch (spec.kind) {
    case 'variable':
      return false;
    case 'sequence':
      return spec.parts.every(isNullable);
    case 'alternatives':
      return spec.parts.some(isNullable);
    case 'repeat':
      return spec.least === 0 || isNullable(spec.part);
  }
}

/** Whether a match can end within a greedy repetition without an upper bound. */
function endsOpen(spec: PatternSpec): boolean {
  switch (spec.kind) {
    case 'variable':
      return false;
    case 'sequence': {
      const at = spec.parts.findLastIndex((part) => !isNullable(part));
      return spec.parts.slice(Math.max(at, 0)).some(endsOpen);
    }
    case 'alternatives':
      return spec.parts.some(endsOpen);
    case 'repeat':
      return (spec.most === undefined && !spec.reluctant) || endsOpen(spec.part);
  }
}

function sizeOf(spec: PatternSpec): number {
  switch (spec.kind) {
    case 'variable':
      return 1;
    case 'repeat':
      return Math.max(1, spec.most ?? spec.least) * sizeOf(spec.part);
    default:
      return spec.parts.reduce((sum, part) => sum + sizeOf(part), 0);
  }
}

/** The variables that the first row of a match can be of. */
function firstOf(spec: PatternSpec): ReadonlySet<number> {
  switch (spec.kind) {
    case 'variable':
      return new Set([spec.variable]);
    case 'alternatives':
      return new Set(spec.parts.flatMap((part) => [...firstOf(part)]));
    case 'repeat':
      return firstOf(spec.part);
    case 'sequence': {
      const at = spec.parts.findIndex((part) => !isNullable(part));
      return new Set(spec.parts.slice(0, at < 0 ? undefined : at + 1).flatMap((part) => [...firstOf(part)]));
    }
  }
}

export function bindSkip(skip: SkipNode | undefined, spec: PatternSpec, { members, names }: Variables): SkipSpec {
  if (skip === undefined || skip.to === 'PAST LAST ROW') return { to: 'past' };
  if (skip.to === 'NEXT ROW') return { to: 'next' };
  const variables = members.get(skip.variable!.text) ?? unknown(skip.variable!, names);
  if (skip.to === 'FIRST' && variables.some((variable) => firstOf(spec).has(variable)))
    refuse(
      skip.span,
      `a match may begin with ${skip.variable!.text}, and would be found again for ever`,
      'Write SKIP TO NEXT ROW, or SKIP PAST LAST ROW.',
    );
  return { to: skip.to === 'FIRST' ? 'first' : 'last', variables };
}
