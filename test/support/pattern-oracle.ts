import { charsOf, emptyPartition, rowOf, type Candidate } from '../../src/runtime/match/matcher.ts';
import type { NavigationSpec, PatternSpec, SkipSpec } from '../../src/specs/pattern.ts';
import type { Random } from '../fuzz/random.ts';

/** A condition on the last row of a candidate, by the rows' numbers; and as SQL has it, by the variables that the pattern has. */
export interface Condition {
  readonly navigations: readonly NavigationSpec<undefined>[];
  readonly holds: (candidate: Candidate, valueOf: (row: number) => number) => boolean;
  readonly sql: (has: ReadonlySet<number>) => string;
}

/** Rows, and a pattern that is searched for in them. */
export interface Trial {
  readonly pattern: PatternSpec;
  readonly conditions: readonly Condition[];
  readonly isLocal: boolean;
  readonly skip: SkipSpec;
  readonly withinMs: number | undefined;
  readonly values: readonly number[];
  readonly times: readonly number[];
}

const variables = 4;

function randomPattern(random: Random, depth: number): PatternSpec {
  const kind = depth === 0 ? 'variable' : random.pick(['variable', 'sequence', 'sequence', 'alternatives', 'repeat']);
  const parts = (): PatternSpec[] =>
    Array.from({ length: 2 + random.below(2) }, () => randomPattern(random, depth - 1));
  if (kind === 'variable') return { kind, variable: random.below(variables) };
  if (kind !== 'repeat') return { kind: kind as 'sequence' | 'alternatives', parts: parts() };
  const part = randomPattern(random, depth - 1);
  const least = random.below(3);
  const most = random.pick([undefined, least + random.below(3)]);
  // What a search does with repetitions of nothing is nobody's business.
  if (isNullable(part) || most === 0) return part;
  return { kind: 'repeat', part, least, most, reluctant: random.below(3) === 0 };
}
function isNullable(spec: PatternSpec): boolean {
  if (spec.kind === 'variable') return false;
  if (spec.kind === 'repeat') return spec.least === 0 || isNullable(spec.part);
  return spec.kind === 'sequence' ? spec.parts.every(isNullable) : spec.parts.some(isNullable);
}

function randomCondition(random: Random, variable: number, isLocal: boolean): Condition {
  const some = new Set(Array.from({ length: 1 + random.below(4) }, () => random.below(5)));
  const last = (candidate: Candidate): number => candidate.start + candidate.taken.length - 1;
  const name = nameOf(variable);
  const row = { kind: 'row', before: 0, expr: undefined } as const;
  const current = { ...row, from: 'last', variables: [variable], offset: 0 } as const;
  const local: Condition = {
    navigations: [current],
    holds: (candidate, valueOf) => some.has(valueOf(last(candidate))),
    sql: () => `${name}.v IN (${[...some].join(', ')})`,
  };
  if (isLocal) return local;
  const other = random.below(variables);
  return random.pick<Condition>([
    local,
    {
      // Greater than the row of the variable before this one.
      navigations: [current, { ...current, offset: 1 }],
      holds: (candidate, valueOf) => {
        const before = rowOf(candidate, 'last', charsOf([variable]), 1);
        return before === undefined || valueOf(last(candidate)) >= valueOf(before);
      },
      sql: () => `LAST(${name}.v, 1) IS NULL OR ${name}.v >= LAST(${name}.v, 1)`,
    },
    {
      // Not what the first row of another variable was.
      navigations: [current, { ...row, from: 'first', variables: [other], offset: 0 }],
      holds: (candidate, valueOf) => {
        const first = rowOf(candidate, 'first', charsOf([other]), 0);
        return first === undefined || valueOf(last(candidate)) !== valueOf(first);
      },
      sql: (has) => {
        const first = `FIRST(${nameOf(other)}.v)`;
        return has.has(other) ? `${first} IS NULL OR v <> ${first}` : 'TRUE';
      },
    },
    {
      // The rows so far add up to little.
      navigations: [sum(undefined)],
      holds: ({ start, taken }, valueOf) => {
        let sum = 0;
        for (let i = 0; i < taken.length; i++) sum += valueOf(start + i);
        return sum < 12;
      },
      sql: () => 'SUM(v) < 12',
    },
    {
      // The rows of another variable do.
      navigations: [sum([other])],
      holds: ({ start, taken }, valueOf) => {
        let sum = 0;
        for (let i = 0; i < taken.length; i++) if (charsOf([other]) === taken[i]) sum += valueOf(start + i);
        return sum < 6;
      },
      sql: (has) => (has.has(other) ? `COALESCE(SUM(${nameOf(other)}.v), 0) < 6` : 'TRUE'),
    },
    {
      // Not what the last row of another variable was.
      navigations: [current, { ...row, from: 'last', variables: [other], offset: 0 }],
      holds: (candidate, valueOf) => {
        const before = rowOf(candidate, 'last', charsOf([other]), 0);
        return other === variable || before === undefined || valueOf(last(candidate)) !== valueOf(before);
      },
      sql: (has) => {
        const before = `LAST(${nameOf(other)}.v)`;
        return has.has(other) && other !== variable ? `${before} IS NULL OR v <> ${before}` : 'TRUE';
      },
    },
  ]);
}

const sum = (of: readonly number[] | undefined): NavigationSpec<undefined> => ({
  kind: 'aggregate',
  variables: of,
  fn: 'SUM',
  args: [undefined],
  filter: undefined,
  gives: { kind: 'INTEGER' },
});

export function randomTrial(random: Random): Trial {
  let pattern = randomPattern(random, 3);
  while (isNullable(pattern)) pattern = randomPattern(random, 3);
  const isLocal = random.below(2) === 0;
  let time = 0;
  const values = Array.from({ length: random.below(isLocal ? 30 : 14) }, () => random.below(5));
  return {
    pattern,
    isLocal,
    conditions: Array.from({ length: variables }, (_, variable) => randomCondition(random, variable, isLocal)),
    skip: random.pick<SkipSpec>([
      { to: 'past' },
      { to: 'past' },
      { to: 'next' },
      { to: 'first', variables: [1, 2] },
      { to: 'last', variables: [0] },
    ]),
    withinMs: random.pick([undefined, undefined, 5, 20]),
    values,
    times: values.map(() => (time += random.below(4))),
  };
}

/** A search with backtracking over all rows; a match that rows to come could still change is not given. */
export function byBacktracking({ pattern, conditions, skip, withinMs, values, times }: Trial): string[] {
  const found: string[] = [];
  let begin = 0;
  for (let start = 0; start < values.length; start++) {
    if (start < begin) continue;
    let isOpen = false;
    const holds = (taken: string): boolean => {
      const at = start + taken.length - 1;
      if (at >= values.length) {
        isOpen = true;
        return false;
      }
      if (withinMs !== undefined && times[at]! - times[start]! > withinMs) return false;
      const candidate = { partition: emptyPartition(), start, taken, number: 1 };
      return conditions[taken.charCodeAt(taken.length - 1) - 1]!.holds(candidate, (row) => values[row]!);
    };
    const [taken] = ways(pattern, '', holds);
    if (isOpen) break;
    if (taken === undefined) continue;
    found.push(matchText(start, taken));
    const place = 'variables' in skip ? placeOf(taken, skip) : 1;
    begin = skip.to === 'past' ? start + taken.length : start + Math.max(1, place);
  }
  return found;
}
function placeOf(taken: string, { to, variables: of }: Extract<SkipSpec, { variables: readonly number[] }>): number {
  const places = [...taken].flatMap((char, i) => (charsOf(of).includes(char) ? [i] : []));
  return places.length === 0 ? 0 : to === 'first' ? places[0]! : places.at(-1)!;
}

/** What a pattern can take behind `taken`, the preferred way first. */
function* ways(pattern: PatternSpec, taken: string, holds: (taken: string) => boolean): Iterable<string> {
  switch (pattern.kind) {
    case 'variable': {
      const more = taken + charsOf([pattern.variable]);
      if (holds(more)) yield more;
      return;
    }
    case 'alternatives':
      for (const part of pattern.parts) yield* ways(part, taken, holds);
      return;
    case 'sequence': {
      const [first, ...rest] = pattern.parts;
      if (first === undefined) yield taken;
      else for (const way of ways(first, taken, holds)) yield* ways({ kind: 'sequence', parts: rest }, way, holds);
      return;
    }
    case 'repeat': {
      const { part, least, most, reluctant } = pattern;
      const more = function* (): Iterable<string> {
        if (most === 0) return;
        const rest = { ...pattern, least: Math.max(0, least - 1), most: most === undefined ? undefined : most - 1 };
        for (const way of ways(part, taken, holds)) yield* ways(rest, way, holds);
      };
      if (least > 0) yield* more();
      else if (reluctant) {
        yield taken;
        yield* more();
      } else {
        yield* more();
        yield taken;
      }
    }
  }
}

/** The name of a variable. */
const nameOf = (variable: number): string => 'ABCD'[variable]!;
/** A match: its first row, and the variables of its rows. */
export const matchText = (start: number, taken: string): string =>
  `${start}: ${[...taken].map((char) => nameOf(char.charCodeAt(0) - 1)).join('')}`;

const variablesIn = (spec: PatternSpec): number[] =>
  spec.kind === 'variable'
    ? [spec.variable]
    : spec.kind === 'repeat'
      ? variablesIn(spec.part)
      : spec.parts.flatMap(variablesIn);

function patternSql(spec: PatternSpec): string {
  if (spec.kind === 'variable') return nameOf(spec.variable);
  if (spec.kind !== 'repeat') return `(${spec.parts.map(patternSql).join(spec.kind === 'sequence' ? ' ' : ' | ')})`;
  const { part, least, most, reluctant } = spec;
  return `(${patternSql(part)}){${least},${most ?? ''}}${reluctant ? '?' : ''}`;
}

/**
 * The clauses of a trial from AFTER MATCH on; `grace` is said behind the pattern. What a skip names that the pattern does not have is
 * left out.
 */
export function clausesOf({ pattern, conditions, skip, withinMs }: Trial, grace: string): string {
  const has = new Set(variablesIn(pattern));
  const named = 'variables' in skip ? skip.variables.filter((variable) => has.has(variable)) : [];
  const to = skip.to === 'past' ? 'PAST LAST ROW' : named.length === 0 ? 'TO NEXT ROW' : `TO ${skip.to} u`;
  const within = withinMs === undefined ? '' : ` WITHIN ${withinMs} MILLISECONDS`;
  const subset = named.length === 0 ? '' : ` SUBSET u = (${named.map(nameOf).join(', ')})`;
  const define = [...has].map((variable) => `${nameOf(variable)} AS ${conditions[variable]!.sql(has)}`);
  return `AFTER MATCH SKIP ${to} PATTERN (${patternSql(pattern)})${within}${grace}${subset} DEFINE ${define.join(', ')}`;
}
