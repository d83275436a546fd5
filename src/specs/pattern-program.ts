import type { PatternSpec } from './pattern.ts';

/** The number of the instruction that ends a match. */
export const accepted = -1;

type Instruction =
  | { readonly kind: 'row'; readonly variable: number; next: number }
  /** Goes on at each of these, in order of preference. */
  | { readonly kind: 'split'; targets: number[] };

/**
 * A pattern as an automaton. A state is an instruction that takes a row; `begin` and `behind(state)` are the states that can be
 * next, in the order in which a search with backtracking would try them, `accepted` among them. (Thompson's construction, after
 * Russ Cox, "Regular Expression Matching: the Virtual Machine Approach".)
 */
export class Program {
  readonly #instructions: Instruction[] = [];
  readonly #behind: (readonly number[])[] = [];
  readonly begin: readonly number[];

  constructor(pattern: PatternSpec) {
    this.begin = this.#closure(this.#compile(pattern, accepted));
  }

  /** The variable that a state takes a row as. */
  variableOf(state: number): number {
    return (this.#instructions[state] as Extract<Instruction, { kind: 'row' }>).variable;
  }
  behind(state: number): readonly number[] {
    return (this.#behind[state] ??= this.#closure(
      (this.#instructions[state] as Extract<Instruction, { kind: 'row' }>).next,
    ));
  }

  /** Adds the instructions of a pattern, behind which it goes on at `next`; gives the first of them. */
  #compile(pattern: PatternSpec, next: number): number {
    switch (pattern.kind) {
      case 'variable':
        return this.#instructions.push({ kind: 'row', variable: pattern.variable, next }) - 1;
      case 'sequence':
        return pattern.parts.reduceRight((after, part) => this.#compile(part, after), next);
      case 'alternatives':
        return this.#split(pattern.parts.map((part) => this.#compile(part, next)));
      case 'repeat':
        return this.#repeat(pattern, next);
    }
  }
  #repeat({ part, least, most, reluctant }: Extract<PatternSpec, { kind: 'repeat' }>, next: number): number {
    const ordered = (more: number, enough: number): number[] => (reluctant ? [enough, more] : [more, enough]);
    let entry = next;
    if (most === undefined) {
      const loop = this.#split([]);
      (this.#instructions[loop] as Extract<Instruction, { kind: 'split' }>).targets = ordered(
        this.#compile(part, loop),
        next,
      );
      entry = loop;
    } else for (let i = least; i < most; i++) entry = this.#split(ordered(this.#compile(part, entry), next));
    for (let i = 0; i < least; i++) entry = this.#compile(part, entry);
    return entry;
  }
  #split(targets: number[]): number {
    return this.#instructions.push({ kind: 'split', targets }) - 1;
  }

  /** The states that can be reached without a row; each once, at its most preferred place. */
  #closure(from: number): number[] {
    const found: number[] = [];
    const seen = new Set<number>();
    const left = [from];
    for (let at = left.pop(); at !== undefined; at = left.pop()) {
      if (seen.has(at)) continue;
      seen.add(at);
      const instruction = this.#instructions[at];
      if (instruction?.kind === 'split') left.push(...instruction.targets.toReversed());
      else found.push(at);
    }
    return found;
  }
}

/** Beyond so many pairs of states a pattern counts as one of several ways. */
const mostPairs = 100_000;

/**
 * Whether there are two ways through a pattern to one state, by as many rows, that differ in which rows are of some variables. `accepted`
 * is no such state: of the ways to it the preferred one is taken.
 */
export function hasSeveralWays(program: Program, variables: readonly number[]): boolean {
  const known = new Set<string>();
  const left: (readonly [number, number, boolean])[] = [];
  const add = (a: number, b: number, differs: boolean): void => {
    const key = `${a} ${b} ${differs}`;
    if (a === accepted || b === accepted || known.has(key)) return;
    known.add(key);
    left.push([a, b, differs]);
  };
  for (const a of program.begin) for (const b of program.begin) add(a, b, false);
  for (let pair = left.pop(); pair !== undefined; pair = left.pop()) {
    const [a, b, before] = pair;
    if ((a === b && before) || known.size > mostPairs) return true;
    const isOf = (state: number): boolean => variables.includes(program.variableOf(state));
    const differs = before || isOf(a) !== isOf(b);
    for (const x of program.behind(a)) for (const y of program.behind(b)) add(x, y, differs);
  }
  return false;
}
