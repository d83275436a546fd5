import { basename } from 'node:path';
import {
  bool,
  duration,
  label,
  option,
  optionTable,
  Refused,
  text,
  type Given,
  type Option,
  type OptionTable,
  type OptionType,
} from '../config/option.ts';
import { checkAddress, secretOnly, userProviderOptions } from '../config/provider-options.ts';
import { checkOutbound, whyNotOutbound } from '../util/outbound.ts';
import { secretValue } from '../util/secrets.ts';

export type UserOptionType = 'STRING' | 'INTEGER' | 'DOUBLE' | 'BOOLEAN' | 'DURATION' | 'URL';

/** An option that a user's provider declares. */
export interface UserOption {
  /** In upper case, as in WITH. */
  readonly name: string;
  /** As the provider's code names it. */
  readonly key: string;
  readonly type: UserOptionType;
  readonly doc: string;
  readonly isRequired: boolean;
  readonly default: string | undefined;
  readonly isSecret: boolean;
  /** Why a value is refused; undefined when it is valid. */
  readonly check: ((value: unknown) => string | undefined) | undefined;
}

const numeric = (name: string, isValid: (value: number) => boolean): OptionType<number> => ({
  name,
  parse(given: Given) {
    const isText = typeof given === 'string' && /^-?\d+(\.\d+)?$/.test(given);
    const value = isText ? Number(given) : given;
    return typeof value === 'number' && isValid(value) ? value : new Refused(`it must be ${name}`);
  },
});

const protocols = ['http:', 'https:'];

/** How each type is written in WITH. */
const types: { readonly [T in UserOptionType]: OptionType<unknown> } = {
  STRING: label,
  INTEGER: numeric('a whole number', Number.isSafeInteger),
  DOUBLE: numeric('a number', Number.isFinite),
  BOOLEAN: bool,
  DURATION: duration('5 SECONDS'),
  URL: {
    name: 'an address',
    parse(given: Given) {
      const value = text.parse(given);
      if (value instanceof Refused) return value;
      const why = checkAddress(value) ?? whyNotOutbound(value, protocols);
      return why === undefined ? value : new Refused(why);
    },
  },
};

const declared = ({ name, type, doc, default: otherwise, isSecret, check }: UserOption): Option =>
  option<string, unknown, string | undefined, unknown>({
    name,
    type: types[type],
    default: otherwise,
    doc,
    secret: isSecret,
    read: (value: unknown) => value,
    ...(isSecret
      ? { validate: (value: unknown) => secretOnly(String(value)) }
      : check === undefined
        ? {}
        : { validate: check }),
  });

/** Why the default of an option is none; undefined when it is valid. */
export const whyNotDefault = (one: UserOption): string | undefined =>
  one.default === undefined ? undefined : (declared({ ...one, default: undefined }).check(one.default) ?? undefined);

/** The options in WITH of a user's provider: those that it declares, and those of how its models are called. */
export const optionsOf = ({ options }: { readonly options: readonly UserOption[] }): OptionTable =>
  optionTable<readonly Option[]>(...userProviderOptions.options, ...options.map(declared));

/** The name of a file without its folder. */
export const fileName = (path: string): string => basename(path);

/** What the code of a provider gets as its options, and the secrets among them. Throws for what may not be. */
export function givenOptions(
  provider: { readonly options: readonly UserOption[] },
  stored: Readonly<Record<string, string>>,
): { readonly options: Readonly<Record<string, unknown>>; readonly secrets: readonly string[] } {
  const secrets: string[] = [];
  const options: Record<string, unknown> = {};
  for (const each of provider.options) {
    const { name, key, isSecret, isRequired, type } = each;
    const written = stored[name];
    if (written === undefined && isRequired) throw new TypeError(`the option ${name} is needed`);
    // As stored: what is no longer valid, such as a secret that the settings do not list any more, is an error.
    const why = written === undefined || isSecret ? undefined : declared(each).check(written);
    if (why !== undefined) throw new TypeError(`${name}: ${why}`);
    if (isSecret && written !== undefined) {
      const secret = secretValue(written);
      secrets.push(secret);
      options[key] = secret;
    } else {
      const value = declared(each).read(written);
      if (type === 'URL' && typeof value === 'string') checkOutbound(value);
      options[key] = value;
    }
  }
  return { options, secrets };
}
