import { whyNotDefault, type UserOption } from '../../extensions/provider-options.ts';
import type { OpenedModel, UserProvider } from '../../extensions/providers.ts';
import {
  ModelError,
  type OpenedModel as OwnModel,
  type ProviderOption,
  type UserProvider as Definition,
} from './api.ts';
import { InvalidDefinition } from './build.ts';
import { TooSlow, watch } from './watch.ts';

const optionTypes: { readonly [T in ProviderOption['type']]: true } = {
  STRING: true,
  INTEGER: true,
  DOUBLE: true,
  BOOLEAN: true,
  DURATION: true,
  URL: true,
};

/** A user's provider with its code watched: what it does before it first waits has the time limit of functions. Throws `InvalidDefinition`. */
export function builtProvider(exported: object, path: string): UserProvider {
  const { name, doc, options = {}, open } = exported as Partial<Definition>;
  if (typeof name !== 'string' || !/^[A-Za-z][\w-]*$/.test(name))
    throw new InvalidDefinition(`"${String(name)}" is no name of a provider`);
  if (typeof doc !== 'string') throw new InvalidDefinition(`${name} has no doc`);
  if (typeof open !== 'function') throw new InvalidDefinition(`${name} has no open`);
  return {
    name: name.toUpperCase(),
    path,
    options: Object.entries(options).map(([key, option]) => declared(name, key, option)),
    open: async (...given) => {
      const model: unknown = await run(() => open(...given));
      if (!isModel(model)) throw new TypeError('open gave no object with a function scoreBatch');
      return watched(model);
    },
  };
}

function declared(provider: string, key: string, option: ProviderOption): UserOption {
  const refuse = (why: string): never => {
    throw new InvalidDefinition(`${provider}: option ${key} ${why}`);
  };
  const { type, doc, required = false, default: otherwise, secret = false, check } = option;
  if (!/^[A-Za-z]\w*$/.test(key)) refuse('is no name of an option');
  if (!Object.hasOwn(optionTypes, type)) refuse(`has no type: it is ${Object.keys(optionTypes).join(', ')}`);
  if (typeof doc !== 'string') refuse('has no doc');
  if (secret && type !== 'STRING') refuse('is a secret, which is a STRING');
  if (secret && (otherwise !== undefined || check !== undefined))
    refuse('is a secret, which has no default and no check');
  const checked = (value: unknown): string | undefined => {
    try {
      return watch(() => check!(value));
    } catch (error) {
      return (error as Error).message;
    }
  };
  const built: UserOption = {
    name: key.toUpperCase(),
    key,
    type,
    doc,
    isRequired: required,
    default: otherwise === undefined ? undefined : String(otherwise),
    isSecret: secret,
    check: check === undefined ? undefined : checked,
  };
  const why = whyNotDefault(built);
  return why === undefined ? built : refuse(`has no valid default: ${why}`);
}

const isModel = (model: unknown): model is OwnModel =>
  typeof model === 'object' && model !== null && typeof (model as Partial<OwnModel>).scoreBatch === 'function';

const watched = (model: OwnModel): OpenedModel => ({
  scoreBatch: (rows, signal) => run(() => model.scoreBatch(rows, signal)),
  health: model.health === undefined ? undefined : (signal) => run(() => model.health!(signal)),
  close: () => run(() => model.close?.()),
});

/** Runs a part of a provider's code, and waits for what it promises. */
async function run<T>(code: () => T): Promise<Awaited<T>> {
  let begun: T;
  try {
    begun = watch(code);
  } catch (error) {
    if (error instanceof TooSlow) throw new ModelError('TIMEOUT', error.message);
    throw error;
  }
  return await begun;
}
