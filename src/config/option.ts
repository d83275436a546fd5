import { InternalError } from '../util/internal-error.ts';

/** A value as it is written: text in a file, an environment or SET, a literal in WITH. */
export type Given = string | number | boolean | null;

/** Says why a value cannot be had. */
export class Refused {
  readonly why: string;
  constructor(why: string) {
    this.why = why;
  }
}
const refused = (why: string): Refused => new Refused(why);

/** How what was written becomes a value. */
export interface OptionType<T> {
  /** As the pages of the documentation name it. */
  readonly name: string;
  readonly parse: (given: Given) => T | Refused;
}

export const text: OptionType<string> = {
  name: 'text',
  parse: (given) => (typeof given === 'string' ? given : refused('it must be a string')),
};

/** Text, or a number that stands for its digits. */
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

/** A whole number, also as a string of digits. */
export function whole(minimum: number): OptionType<number> {
  return {
    name: `a whole number of at least ${minimum}`,
    parse(given) {
      const number = typeof given === 'string' && /^-?\d+$/.test(given) ? Number(given) : given;
      return typeof number === 'number' && Number.isSafeInteger(number) && number >= minimum
        ? number
        : refused(`it must be a whole number of at least ${minimum}`);
    },
  };
}

/** One of these words, in whatever case; gives it as it stands here. */
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

/** A number and a unit, such as `50 MILLISECONDS`; gives milliseconds. */
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

/** An address with its scheme, or nothing. */
export const address = (example: string): OptionType<string> => ({
  name: 'an address',
  parse: (given) =>
    typeof given === 'string' && (given === '' || URL.canParse(given))
      ? given
      : refused(`it must be an address such as ${example}`),
});

/** A type whose values are only some of another's. */
const such = <T>(type: OptionType<T>, validate: (value: T) => string | undefined): OptionType<T> => ({
  name: type.name,
  parse(given) {
    const value = type.parse(given);
    const why = value instanceof Refused ? undefined : validate(value);
    return why === undefined ? value : refused(why);
  },
});

/** Something that a user may set, with what makes of it that which obeys it. */
export interface Option<N extends string = string, R = unknown> {
  readonly name: N;
  readonly type: string;
  /** What holds where nothing is given; undefined for nothing. */
  readonly default: string | undefined;
  readonly doc: string;
  /** Its value is never shown. */
  readonly secret: boolean;
  /** Why it cannot have a value; undefined when it can. */
  readonly check: (given: Given) => string | undefined;
  /** What its readers get for a value that was checked, or for none. */
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
}

/** Declares an option: `read` makes of its value what its readers take, and without it nothing compiles. */
export function option<const N extends string, T, D extends string | undefined, R>(
  declared: Declared<N, T, D, R>,
): Option<N, R> {
  const { name, default: otherwise, doc, read, secret = false, validate } = declared;
  const type = validate === undefined ? declared.type : such(declared.type, validate);
  const reader = read as (value: T | undefined) => R;
  return {
    name,
    type: type.name,
    default: otherwise,
    doc,
    secret,
    check(given) {
      const value = type.parse(given);
      return value instanceof Refused ? value.why : undefined;
    },
    read(given) {
      const value = given === undefined ? undefined : type.parse(given);
      // What was stored when more was allowed holds as if it were not there.
      if (value !== undefined && !(value instanceof Refused)) return reader(value);
      return reader(otherwise === undefined ? undefined : (type.parse(otherwise) as T));
    },
  };
}

/** What readers get, by the options' names. */
export type Values<O extends Option> = { readonly [E in O as E['name']]: ReturnType<E['read']> };
/** What a reader gets for the option of this name. */
export type ValueOf<O extends Option, N extends O['name']> = Values<O>[N];

/** The options of one place, each with its name once. */
export class OptionTable<O extends Option = Option> {
  readonly options: readonly O[];
  readonly #byName: ReadonlyMap<string, O>;

  constructor(options: readonly O[]) {
    this.options = options;
    this.#byName = new Map(options.map((each) => [each.name, each]));
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
  /** The value of an option, of what was given under its name. */
  read<N extends O['name']>(name: N, given: Readonly<Record<string, Given>>): ValueOf<O, N> {
    return this.#byName.get(name)!.read(given[name]) as ValueOf<O, N>;
  }
}

/** A table of options of different types. */
export const optionTable = <const O extends readonly Option[]>(...options: O): OptionTable<O[number]> =>
  new OptionTable<O[number]>(options);
