import { EvaluationError } from '../../types/numbers.ts';
import { JsonNumber, jsonText, parseJson, type Json } from '../../types/json.ts';
import type { SqlType } from '../../types/sql-type.ts';
import { closest } from '../../util/closest.ts';
import {
  aggregateOverload,
  type Aggregator,
  type AggregateOverload,
  type ArgumentFault,
  type WantedConstant,
} from '../define.ts';

/** An option of a function: a word of some, or a number. */
export type FunctionOption = { readonly words: readonly string[] } | WantedConstant;

/** An option that is a whole number between two, both included. */
export const whole = (least: number, most: number): FunctionOption => ({
  text: `a whole number from ${least} to ${most}`,
  holds: (value) => Number.isInteger(value) && value >= least && value <= most,
});

/** The option by which newer values weigh more. */
export const alphaOption: FunctionOption = {
  text: 'a number more than 0 and at most 1',
  holds: (value) => value > 0 && value <= 1,
};

/** The options that a JSON object gives by name: words in upper case. */
export type GivenOptions = ReadonlyMap<string, number | string>;

interface FunctionOptions<Name> {
  /** Reads a JSON object of options; or says which one of them cannot be, why, and what can. */
  readonly read: (text: string) => GivenOptions | ArgumentFault;
  /** What is wrong with a text; undefined for nothing. */
  readonly fault: (text: string) => ArgumentFault | undefined;
  /** The options of a text that was checked, and a number by its name. */
  readonly given: (text: string) => {
    readonly options: GivenOptions;
    readonly number: (name: Name, otherwise: number) => number;
  };
}

/** The options of a function; `example` is what hints show of them. */
export function optionsOf<Name extends string>(
  known: Readonly<Record<Name, FunctionOption>>,
  example: string,
): FunctionOptions<Name> {
  const read = (text: string): GivenOptions | ArgumentFault => readOptions(text, known, example);
  return {
    read,
    fault: (text) => {
      const options = read(text);
      return 'why' in options ? options : undefined;
    },
    given: (text) => {
      const found = read(text);
      const options: GivenOptions = 'why' in found ? new Map() : found;
      return { options, number: (name, otherwise) => Number(options.get(name) ?? otherwise) };
    },
  };
}

/** The overloads of a function without and with options, which come last. */
export function optionalOptions(
  params: string,
  returns: SqlType,
  create: (options: string) => Aggregator,
  fault: (text: string) => ArgumentFault | undefined,
): AggregateOverload[] {
  const plain = aggregateOverload(
    params,
    () => returns,
    () => create('{}'),
  );
  const place = plain.params.length;
  const optional = aggregateOverload(
    `${params}, options const STRING`,
    () => returns,
    ({ constants }) => create((constants[place] as string | undefined) ?? '{}'),
    { checks: { options: fault } },
  );
  return [plain, optional];
}

function readOptions(
  text: string,
  known: Readonly<Record<string, FunctionOption>>,
  example: string,
): GivenOptions | ArgumentFault {
  const hint = `Write ${example}, or its text.`;
  let parsed: Json;
  try {
    parsed = parseJson(text);
  } catch (error) {
    if (!(error instanceof EvaluationError)) throw error;
    return { why: `its options are ${error.message}`, hint };
  }
  if (!(parsed instanceof Map)) return { why: 'its options are no JSON object', hint };
  const given = new Map<string, number | string>();
  for (const [option, value] of parsed) {
    const read = Object.hasOwn(known, option)
      ? readOption(option, value, known[option]!)
      : unknownOption(option, Object.keys(known));
    if (typeof read === 'object') return read;
    given.set(option, read);
  }
  return given;
}

function unknownOption(option: string, known: readonly string[]): ArgumentFault {
  const near = closest(option, known);
  return {
    option,
    isName: true,
    why: `it has no option ${option}`,
    hint: near === undefined ? `Its options are ${known.join(', ')}.` : `Did you mean ${near}?`,
  };
}

function readOption(option: string, value: Json, known: FunctionOption): number | string | ArgumentFault {
  if ('words' in known) {
    const word = typeof value === 'string' ? value.toUpperCase() : '';
    if (known.words.includes(word)) return word;
    return { option, why: `it has no ${option} ${jsonText(value)}`, hint: `There are ${known.words.join(', ')}.` };
  }
  const number = value instanceof JsonNumber ? Number(value.text) : NaN;
  if (known.holds(number)) return number;
  return {
    option,
    why: `its option ${option} is ${known.text}, not ${jsonText(value)}`,
    hint: `Write ${known.text}.`,
  };
}
