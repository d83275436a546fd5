import { builtInProviders, modelOptions, type ProviderName } from '../config/model-options.ts';
import { providers, userProviderOptions, type ProviderOptions } from '../config/provider-options.ts';
import { fileName, optionsOf, type UserOption } from './provider-options.ts';

/** A model's columns as its provider's code gets them: types are texts of SQL. */
export interface ModelSignature {
  readonly inputs: readonly { readonly name: string; readonly type: string }[];
  readonly outputs: readonly { readonly name: string; readonly type: string }[];
}
/** A model that a user's provider has opened. What its code throws comes as it is. */
export interface OpenedModel {
  /** Resolves to what the code gives: one answer a row, if it keeps its promise. */
  readonly scoreBatch: (rows: readonly object[], signal: AbortSignal) => Promise<unknown>;
  /** Rejects, or resolves to false, when the model is not served; undefined where nothing tells. */
  readonly health: ((signal: AbortSignal) => Promise<unknown>) | undefined;
  readonly close: () => Promise<unknown>;
}
/** A provider of models that a user's module defines. */
export interface UserProvider {
  /** In upper case. */
  readonly name: string;
  /** The file that defines it. */
  readonly path: string;
  readonly options: readonly UserOption[];
  /** `options` are by the names that the code declares, secrets as they are. */
  readonly open: (
    options: Readonly<Record<string, unknown>>,
    signature: ModelSignature,
    signal: AbortSignal,
  ) => Promise<OpenedModel>;
}

const users = new Map<string, UserProvider>();

/** Registers a user's provider. Replaces one loaded from the same file before, but never a built-in one. */
export function registerProvider(added: UserProvider): void {
  const { name, path, options } = added;
  if (isBuiltIn(name)) throw new TypeError(`${name} is a provider of Millrace`);
  const known = users.get(name);
  if (known !== undefined && known.path !== path) throw new TypeError(`${name} is defined in ${known.path} too`);
  const taken = options.find((option) => [modelOptions, userProviderOptions].some((table) => table.find(option.name)));
  if (taken !== undefined) throw new TypeError(`${name}: ${taken.name} is an option that every model has`);
  optionsOf(added);
  users.set(name, added);
}

/** The user's provider of an upper-case name. */
export const findProvider = (name: string): UserProvider | undefined => users.get(name);

const isBuiltIn = (name: string): name is ProviderName => (builtInProviders as readonly string[]).includes(name);

/** The names of all providers. */
export const providerNames = (): string[] => [...builtInProviders, ...users.keys()];

/** What a provider of an upper-case name takes, a user's or a built-in one; undefined when there is none. */
export function providerNamed(name: string): ProviderOptions | undefined {
  if (isBuiltIn(name)) return providers[name];
  const found = users.get(name);
  if (found === undefined) return undefined;
  return {
    own: optionsOf(found),
    needed: found.options.filter(({ isRequired }) => isRequired).map((option) => option.name),
    hint: `${fileName(found.path)} defines the provider: check its options, and declare INPUT and OUTPUT.`,
  };
}

/** Whether the value of a model's option is never shown. */
export const isSecretOption = (name: string): boolean =>
  [...Object.values(providers).map(({ own }) => own), ...[...users.values()].map(optionsOf)].some(
    (table) => table.find(name)?.secret === true,
  );
