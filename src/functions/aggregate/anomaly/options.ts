import type { ArgumentFault } from '../../define.ts';
import { alphaOption, optionsOf, whole, type FunctionOption, type GivenOptions } from '../options.ts';
import { ewmaBands } from './ewma-bands.ts';
import type { Forecaster } from './forecaster.ts';
import { holtWinters } from './holt-winters.ts';
import { normalQuantile } from './normal.ts';
import { robust } from './robust.ts';

type Method = 'ROBUST' | 'EWMA' | 'SEASONAL';

const share: FunctionOption = { text: 'a number from 0 to 1', holds: (value) => value >= 0 && value <= 1 };

const { read, given: optionsGiven } = optionsOf(
  {
    method: { words: ['ROBUST', 'EWMA', 'SEASONAL'] },
    minTrainingSize: whole(2, 1_000_000),
    maxTrainingSize: whole(2, 10_000),
    confidencePercentage: { text: 'a number between 0 and 100', holds: (value) => value > 0 && value < 100 },
    alpha: alphaOption,
    beta: share,
    gamma: share,
    m: whole(2, 10_000),
  },
  `JSON_OBJECT('method' VALUE 'EWMA', 'alpha' VALUE 0.3)`,
);

/** Options that not every method has. */
const methodsOf: Readonly<Record<string, readonly Method[]>> = {
  maxTrainingSize: ['ROBUST'],
  alpha: ['EWMA', 'SEASONAL'],
  beta: ['SEASONAL'],
  gamma: ['SEASONAL'],
  m: ['SEASONAL'],
};

/** What a call judges by: what it learns, and how many deviations a value may be away. */
export interface Judgement {
  readonly forecaster: Forecaster;
  readonly deviations: number;
}

const methodOf = (given: GivenOptions): Method => (given.get('method') as Method | undefined) ?? 'ROBUST';

const defaultMost = 512;
const defaultLeast = 30;

/** What is wrong with the options; undefined for none. */
export function optionFault(text: string): ArgumentFault | undefined {
  const given = read(text);
  if ('why' in given) return given;
  const method = methodOf(given);
  for (const option of given.keys()) {
    const methods = methodsOf[option];
    if (methods === undefined || methods.includes(method)) continue;
    return {
      option,
      isName: true,
      why: `the method ${method} has no ${option}`,
      hint: `Leave it out, or choose the method ${methods.join(' or ')}.`,
    };
  }
  const least = given.get('minTrainingSize');
  if (method === 'SEASONAL') return seasonFault(given.get('m'), least);
  const most = given.get('maxTrainingSize') ?? defaultMost;
  if (method !== 'ROBUST' || least === undefined || least <= most) return undefined;
  return {
    option: 'minTrainingSize',
    why: `it learns from ${most} rows at most, so that it never has ${least}`,
    hint: `Write ${most} or less, or a greater maxTrainingSize.`,
  };
}

function seasonFault(m: number | string | undefined, least: number | string | undefined): ArgumentFault | undefined {
  if (m === undefined)
    return {
      option: 'method',
      why: 'the method SEASONAL must know how many rows a season has',
      hint: `Say it: 'm' VALUE 24 for a day of hours.`,
    };
  const needed = 2 * Number(m);
  if (least === undefined || Number(least) >= needed) return undefined;
  return {
    option: 'minTrainingSize',
    why: `two seasons of ${m} rows are needed to begin, which is more than ${least}`,
    hint: `Write ${needed} or more, or leave it out.`,
  };
}

/** What a call with these options judges by; they were checked. */
export function judgementOf(text: string): Judgement {
  const { options, number } = optionsGiven(text);
  const deviations = normalQuantile(0.5 + number('confidencePercentage', 99) / 200);
  const alpha = number('alpha', 0.2);
  switch (methodOf(options)) {
    case 'ROBUST': {
      const most = number('maxTrainingSize', defaultMost);
      return { deviations, forecaster: robust(number('minTrainingSize', Math.min(defaultLeast, most)), most) };
    }
    case 'EWMA':
      return { deviations, forecaster: ewmaBands(number('minTrainingSize', defaultLeast), alpha) };
    case 'SEASONAL': {
      const m = number('m', 2);
      const smoothing = { alpha, beta: number('beta', 0.05), gamma: number('gamma', 0.2), m };
      return { deviations, forecaster: holtWinters(number('minTrainingSize', 2 * m), smoothing) };
    }
  }
}
