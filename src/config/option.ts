import { InternalError } from '../util/internal-error.ts';
import { isInS3, notInS3, s3Place } from '../util/s3.ts';

/** A value as written: text in a file, the environment or SET, or a literal in WITH. */
export type Given = string | number | boolean | null;

/** A value that is refused, with the reason. */
export class Refused {
  readonly why: string;
  constructor(why: string) {
    this.why = why;
  }
}
const refused = (why: string): Refused => new Refused(why);

/** How a written value is parsed. */
export interface OptionType<T> {
  /** The name of the type in the documentation. */
  readonly name: string;
  readonly parse: (given: Given) => T | Refused;
}

export const text: OptionType<string> = {
  name: 'text',
  parse: (given) => (typeof given === 'string' ? given : refused('it must be a string')),
};

/** Text; a number is taken as its digits. */
export const label: OptionType<string> = {
  name: 'text',
  parse: (given) =>
    typeof given === 'string' || typeof given === 'number' ? String(given) : refused('it must be a string'),
};

export const bool: OptionType<boolean> = {
  name: 'true or false',
  parse(given) {
    if (typeof given === 'boolean') return given;
    if (typeof given === 'string' && /^(true|false)$/i.test(given)) return given.toLowerCase() === 'true';
    return refused('it must be true or false');
  },
};

/** A whole number, also when written as a string of digits. */
export function whole(minimum: number, maximum = Number.MAX_SAFE_INTEGER): OptionType<number> {
  const bounds =
    maximum === Number.MAX_SAFE_INTEGER
      ? `of at least ${minimum}`
      : `from ${minimum} to ${maximum.toLocaleString('en')}`;
  return {
    name: `a whole number ${bounds}`,
    parse(given) {
      const number = typeof given === 'string' && /^-?\d+$/.test(given) ? Number(given) : given;
      return typeof number === 'number' && Number.isSafeInteger(number) && number >= minimum && number <= maximum
        ? number
        : refused(`it must be a whole number ${bounds}`);
    },
  };
}

/** A number with or without a fraction, also when written as a string. */
export const number = (minimum: number, maximum: number): OptionType<number> => ({
  name: `a number from ${minimum} to ${maximum}`,
  parse(given) {
    const isText = typeof given === 'string' && /^-?\d+(\.\d+)?$/.test(given);
    const value = isText ? Number(given) : given;
    return typeof value === 'number' && value >= minimum && value <= maximum
      ? value
      : refused(`it must be a number from ${minimum} to ${maximum}`);
  },
});

/** One of these words in any case; the value is the word as listed here. */
export function oneOf<const W extends string>(...words: readonly W[]): OptionType<W> {
  const named = words
    .filter((word) => word !== '')
    .join(', ')
    .replace(/, ([^,]*)$/, ' or $1');
  return {
    name: named,
    parse: (given) =>
      words.find((word) => typeof given === 'string' && word.toLowerCase() === given.trim().toLowerCase()) ??
      refused(`it must be ${named}`),
  };
}

const units: Readonly<Record<string, number>> = {
  MILLISECOND: 1,
  SECOND: 1000,
  MINUTE: 60_000,
  HOUR: 3_600_000,
  DAY: 86_400_000,
};

/** A number and a time unit, such as `50 MILLISECONDS`; the value is in milliseconds. */
export function duration(example: string): OptionType<number> {
  return {
    name: `a duration, such as '${example}'`,
    parse(given) {
      const match = typeof given === 'string' ? /^\s*(\d+)\s+([A-Za-z]+?)S?\s*$/i.exec(given) : null;
      const unit = match === null ? undefined : units[match[2]!.toUpperCase()];
      return unit === undefined ? refused(`it must be a duration, such as '${example}'`) : Number(match![1]) * unit;
    },
  };
}

/** The URL of a server or file, or an empty string. */
export const address = (example: string): OptionType<string> => ({
  name: 'an address',
  parse: (given) =>
    typeof given === 'string' && (given === '' || (URL.canParse(given) && /^(https?|file):/i.test(given)))
      ? given
      : refused(`it must be an address such as ${example}`),
});

/** A folder of every node, or one of a bucket. */
export const folder: OptionType<string> = {
  name: "a folder, or 's3://bucket/prefix'",
  parse: (given) =>
    typeof given !== 'string'
      ? refused('it must be a string')
      : isInS3(given) && s3Place(given) === undefined
        ? refused(notInS3)
        : given,
};

/** A type restricted to the values that `validate` accepts. */
const restricted = <T>(type: OptionType<T>, validate: (value: T) => string | undefined): OptionType<T> => ({
  name: type.name,
  parse(given) {
    const value = type.parse(given);
    const why = value instanceof Refused ? undefined : validate(value);
    return why === undefined ? value : refused(why);
  },
});

/** A setting or property that a user may set, with the function that turns its value into what its readers need. */
export interface Option<N extends string = string, R = unknown> {
  readonly name: N;
  readonly type: string;
  /** The default, as a user would write it; undefined when there is none. */
  readonly default: string | undefined;
  readonly doc: string;
  /** Whether the value is never shown. */
  readonly secret: boolean;
  /** Set where the value is the name of a source, which is then read. */
  readonly names?: 'source' | undefined;
  /** Why a value is refused; undefined when it is valid. */
  readonly check: (given: Given) => string | undefined;
  /** The value for the readers, from a checked value or, without one, the default. */
  readonly read: (given: Given | undefined) => R;
}

interface Declared<N extends string, T, D extends string | undefined, R> {
  readonly name: N;
  readonly type: OptionType<T>;
  readonly default: D;
  readonly doc: string;
  readonly validate?: (value: T) => string | undefined;
  readonly read: (value: T | (D extends undefined ? undefined : never)) => R;
  readonly secret?: boolean;
  readonly names?: 'source';
}

/** Declares an option. `read` converts the parsed value for its readers; an option without `read` does not compile. */
export function option<const N extends string, T, D extends string | undefined, R>(
  declared: Declared<N, T, D, R>,
): Option<N, R> {
  const { name, default: otherwise, doc, read, secret = false, validate, names } = declared;
  const type = validate === undefined ? declared.type : restricted(declared.type, validate);
  const reader = read as (value: T | undefined) => R;
  return {
    name,
    type: type.name,
    default: otherwise,
    doc,
    secret,
    names,
    check(given) {
      const value = type.parse(given);
      return value instanceof Refused ? value.why : undefined;
    },
    read(given) {
      const value = given === undefined ? undefined : type.parse(given);
      // A stored value that is no longer valid counts as absent.
      if (value !== undefined && !(value instanceof Refused)) return reader(value);
      return reader(otherwise === undefined ? undefined : (type.parse(otherwise) as T));
    },
  };
}

/** What readers get, by option name. */
export type Values<O extends Option> = { readonly [E in O as E['name']]: ReturnType<E['read']> };
/** What readers of the option of this name get. */
export type ValueOf<O extends Option, N extends O['name']> = Values<O>[N];

/** The options of one place, by unique name. */
export class OptionTable<O extends Option = Option> {
  readonly options: readonly O[];
  readonly #byName: ReadonlyMap<string, O>;

  constructor(options: readonly O[]) {
    this.options = options;
    this.#byName = new Map(options.map((option) => [option.name, option]));
    for (const { name, default: otherwise, check } of options) {
      if (options.filter((other) => other.name === name).length > 1)
        throw new InternalError(`${name} is declared twice`);
      const why = otherwise === undefined ? undefined : check(otherwise);
      if (why !== undefined) throw new InternalError(`the default of ${name}: ${why}`);
    }
  }

  find(name: string): O | undefined {
    return this.#byName.get(name);
  }
  get names(): readonly string[] {
    return this.options.map(({ name }) => name);
  }
  /** The value of an option, from the written values by name. */
  read<N extends O['name']>(name: N, given: Readonly<Record<string, Given>>): ValueOf<O, N> {
    return this.#byName.get(name)!.read(given[name]) as ValueOf<O, N>;
  }
}

/** A table of options with different value types. */
export const optionTable = <const O extends readonly Option[]>(...options: O): OptionTable<O[number]> =>
  new OptionTable<O[number]>(options);
