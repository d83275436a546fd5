import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import type { AggregateFunction } from '../../src/functions/define.ts';
import { findFunction, findScalar } from '../../src/functions/registry.ts';
import type { Value } from '../../src/types/sql-type.ts';
import { Random } from '../fuzz/random.ts';
import { runsOf, seedOf } from '../support/scale.ts';

const python = process.env['MILLRACE_TEST_PYTHON'] ?? 'python3';
const script = new URL('../support/ml_functions.py', import.meta.url).pathname;

/** A call of ours, and what the judge is asked for it: with the column that the parameters are of, where they are learned. */
interface Asked {
  readonly fn: string;
  readonly ours: readonly unknown[];
  readonly theirs: readonly unknown[];
}

const mean = (column: readonly number[]): number => column.reduce((sum, value) => sum + value, 0) / column.length;
function quantile(column: readonly number[], q: number): number {
  const sorted = column.toSorted((a, b) => a - b);
  const at = q * (sorted.length - 1);
  const low = Math.floor(at);
  return sorted[low]! + (at - low) * (sorted[Math.min(low + 1, sorted.length - 1)]! - sorted[low]!);
}

function randomCall(random: Random): Asked {
  const number = (): number => (random.next() - 0.5) * random.pick([1, 10, 1000]);
  const vector = (length: number): number[] => Array.from({ length }, () => (random.below(6) === 0 ? 0 : number()));
  const token = (): string => random.pick(['a', 'foo', 'bar', 'Äpfel', '日本語', '_x1', 'to be', 'naïve😀', '']);
  const tokens = (): string[] => Array.from({ length: random.below(8) }, token);
  const constant = random.below(5) === 0;
  const column = constant ? Array.from({ length: 6 }, () => 2.5) : vector(2 + random.below(20));
  const value = constant ? 2.5 : random.below(3) === 0 ? number() : random.pick(column);
  const places = 1 + random.below(8);
  const a = vector(places);
  const b = vector(places);
  const count = random.below(9);
  const documents = 1 + random.below(50);
  const withTerm = random.below(documents + 1);
  const member = random.pick(column);
  const centre = mean(column);
  const deviation = Math.sqrt(mean(column.map((each) => (each - centre) ** 2)));
  const quartiles = [quantile(column, 0.5), quantile(column, 0.25), quantile(column, 0.75)];
  const norm = random.pick([1, 2, Infinity]);
  const categories = ['foo', 'bar', 'Äpfel'];
  const text = Array.from({ length: random.below(8) }, token).join(random.pick([' ', ', ', '-', ' x ']));
  const n = 1 + random.below(3);
  const size = random.pick([1, 7, 1024]);
  const same = (fn: string, ...args: readonly unknown[]): Asked => ({ fn, ours: args, theirs: args });
  return random.pick([
    { fn: 'ML_STANDARD_SCALER', ours: [value, centre, deviation], theirs: [column, value] },
    { fn: 'ML_MIN_MAX_SCALER', ours: [value, Math.min(...column), Math.max(...column)], theirs: [column, value] },
    { fn: 'ML_MAX_ABS_SCALER', ours: [member, Math.max(...column.map(Math.abs))], theirs: [column, member] },
    { fn: 'ML_ROBUST_SCALER', ours: [value, ...quartiles], theirs: [column, value] },
    { fn: 'ML_NORMALIZER', ours: [a, norm], theirs: [a, norm === Infinity ? 'max' : norm] },
    same('ML_ONE_HOT_ENCODER', token(), categories),
    same('ML_TOKENS', text),
    same('ML_NGRAMS', tokens(), n),
    same('ML_HASHING_ENCODER', tokens(), size),
    same('TF_IDF', count, documents, withTerm),
    same('COSINE_SIMILARITY', a, b),
    same('L2_DISTANCE', a, b),
    same('L1_DISTANCE', a, b),
    same('DOT_PRODUCT', a, b),
  ]);
}

/** Equal but for rounding: scikit-learn's Euclidean distance takes differences of large numbers. */
function close(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((each, i) => close(each, b[i]));
  if (typeof a !== 'number' || typeof b !== 'number') return a === b;
  return Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(a), Math.abs(b)) || Math.abs(a * a - b * b) <= 1e-9;
}

function requireJudge(skip: (why: string) => never): void {
  if (spawnSync(python, ['-c', 'import sklearn']).status === 0) return;
  expect(process.env['CI'], `${python} has no scikit-learn`).toBeUndefined();
  skip(`${python} has no scikit-learn (MILLRACE_TEST_PYTHON names another)`);
}
/** What scikit-learn answers. */
function judged(calls: readonly { readonly fn: string; readonly args: readonly unknown[] }[]): unknown[] {
  const { stdout, stderr } = spawnSync(python, ['-W', 'ignore', script], {
    input: JSON.stringify(calls),
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  expect(stderr).toBe('');
  return JSON.parse(stdout) as unknown[];
}

test('scalers, encoders, tokens and distances are those of scikit-learn', ({ skip }) => {
  requireJudge(skip);
  const random = new Random(seedOf(90));
  const asked = Array.from({ length: runsOf(1000) }, () => randomCall(random));
  const theirs = judged(asked.map(({ fn, theirs }) => ({ fn, args: theirs })));
  const different = asked.flatMap(({ fn, ours, theirs: args }, i) => {
    const overload = findScalar(fn)!.overloads.find(({ params }) => params.length === ours.length)!;
    const result = overload.bind({ args: [], returns: { kind: 'DOUBLE' }, constants: [] })(...ours);
    return close(result, theirs[i]) ? [] : [{ fn, args, result, theirs: theirs[i] }];
  });
  expect(different).toEqual([]);
}, 600_000);

/** Labels and predictions of a random model: good or bad, with few or many different scores, and with one class only. */
function randomEvaluation(random: Random): {
  readonly fn: string;
  readonly args: readonly [unknown[], number[], number?];
} {
  const rows = 1 + random.below(40);
  const many = <T>(value: () => T): T[] => Array.from({ length: rows }, value);
  if (random.below(3) === 0) {
    const scale = random.pick([1, 1000]);
    const labels = random.below(6) === 0 ? many(() => 2.5) : many(() => random.next() * scale);
    return { fn: 'ML_EVALUATE_NUMBERS', args: [labels, labels.map((each) => each + (random.next() - 0.5) * scale)] };
  }
  const share = random.pick([0, 0.1, 0.5, 1]);
  const labels = many(() => random.next() < share);
  const grain = random.pick([2, 10, 1e9]);
  const scores = labels.map(
    (label) => Math.round((random.next() + (label ? random.pick([0, 0.5]) : 0)) * grain) / grain,
  );
  return { fn: 'ML_EVALUATE_CLASSES', args: [labels, scores, random.pick([0.5, 0.5, 0.9, 2])] };
}

test('ML_EVALUATE says what scikit-learn says, in one go, in parts, and when rows are taken back', ({ skip }) => {
  requireJudge(skip);
  const random = new Random(seedOf(91));
  const asked = Array.from({ length: runsOf(500) }, () => randomEvaluation(random));
  const theirs = judged(asked);
  const fn = findFunction('ML_EVALUATE') as AggregateFunction;
  asked.forEach(({ args: [labels, scores, threshold] }, i) => {
    const isNumber = threshold === undefined;
    const chosen = isNumber ? fn.overloads.at(-1)! : fn.overloads[1]!;
    const constants = [undefined, undefined, threshold];
    const { init, add, undo, merge, result } = chosen.create({ args: [], returns: { kind: 'DOUBLE' }, constants });
    const label = (row: number): Value => labels[row] as Value;
    const over = (rows: readonly number[]): unknown =>
      rows.reduce((state, row) => add(state as never, label(row), [scores[row]!]), init());
    const all = labels.map((_, row) => row);
    const [some, others] = [all.filter((row) => row % 3 === 0), all.filter((row) => row % 3 !== 0)];
    const whole = result(over(all) as never, 0);
    expect(
      close([...(whole as ReadonlyMap<string, unknown>).values()], theirs[i]),
      JSON.stringify([asked[i], theirs[i]]),
    ).toBe(true);
    expect(result(merge!(over(others) as never, over(some) as never) as never, 0)).toEqual(whole);
    const more = over([...all, ...some, ...others]);
    expect(
      result(all.reduce((state, row) => undo!(state as never, label(row), [scores[row]!]), more) as never, 0),
    ).toEqual(whole);
  });
}, 600_000);
