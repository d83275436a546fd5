import { existsSync, readFileSync } from 'node:fs';
import { noSpan } from '../diagnostics/source.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import { serverOptions } from './server-options.ts';
import { sessionOptions } from './session-options.ts';
import { checkServerSetting, isAccess, settingName, withoutUser } from './setting-names.ts';
import { isSecurity } from './without-meaning.ts';

/**
 * The settings that a node was started with, as text, by the names of `serverOptions` and `sessionOptions`; defaults are not
 * included.
 */
export type Settings = Readonly<Record<string, string>>;

const environmentName = (name: string): string => name.replace(/[.-]/g, '_').toUpperCase();
/** Settings by their environment name: ksqlDB's image leaves out the `ksql.` prefix of some. */
const byEnvironmentName: ReadonlyMap<string, string> = new Map(
  [...sessionOptions.names, ...serverOptions.names].flatMap((name): (readonly [string, string])[] => [
    [environmentName(name), name],
    [environmentName(name.replace(/^ksql\./, '')), name],
    ...(isAccess(name) ? [] : [[environmentName(`ksql.streams.${name}`), name] as const]),
  ]),
);

/** Reads the settings of the environment, such as `MILLRACE_STATE_DIR` and ksqlDB's `KSQL_BOOTSTRAP_SERVERS`. */
function fromEnvironment(environment: NodeJS.ProcessEnv, warn: (text: string) => void): Map<string, string> {
  const settings = new Map<string, string>();
  for (const prefix of ['KSQL_', 'MILLRACE_']) {
    for (const [key, value] of Object.entries(environment)) {
      // Those of the command line's client are no settings.
      if (!key.startsWith(prefix) || key.startsWith('MILLRACE_CLI_') || value === undefined || value === '') continue;
      const rest = key.slice(prefix.length);
      const dotted = rest.toLowerCase().replaceAll('_', '.');
      const name = byEnvironmentName.get(rest);
      if (name !== undefined) settings.set(name, value);
      else if (rest.startsWith('SECRETS_')) settings.set(`millrace.secrets.${rest.slice(8).toLowerCase()}`, value);
      // Other variables with the prefix may belong to something else, such as the ports that Kubernetes sets.
      else if (isSecurity(dotted)) settings.set(dotted, value);
      else warn(`${key} in the environment is no setting of Millrace: it is not obeyed`);
    }
  }
  return settings;
}

/** The names and values of a properties file. */
export function readProperties(path: string): Map<string, string> {
  if (!existsSync(path))
    throw new SqlError('INVALID_SETTING', noSpan, { name: 'config', value: path, why: 'the file does not exist' });
  const settings = new Map<string, string>();
  for (const line of readFileSync(path, 'utf8').split(/\r?\n/)) {
    const match = /^\s*([^#!=:\s][^=:\s]*)\s*[=:]\s*(.*?)\s*$/.exec(line);
    if (match !== null) settings.set(match[1]!, match[2]!);
  }
  return settings;
}

/**
 * Reads settings: flags override the environment, which overrides the file. Each is checked; an unknown name is refused, with
 * the nearest known one as suggestion. `warn` gets a message for each setting without meaning here. An empty value counts as
 * absent.
 */
export function readSettings(
  flags: Readonly<Record<string, string>>,
  environment: NodeJS.ProcessEnv,
  file: string | undefined,
  warn: (text: string) => void = () => undefined,
): Settings {
  const result: Record<string, string> = {};
  const layers = [
    file === undefined ? new Map<string, string>() : readProperties(file),
    fromEnvironment(environment, warn),
    new Map(Object.entries(flags)),
  ];
  for (const layer of layers) {
    for (const [written, value] of layer) {
      if (value === '') {
        delete result[settingName(written)];
        continue;
      }
      const { name, warning } = checkServerSetting(written, value);
      if (warning !== undefined) warn(warning);
      else result[name] = value;
    }
  }
  return result;
}

/** The defaults that sessions take from the server's settings. */
export function sessionDefaults(settings: Settings): Record<string, string> {
  return Object.fromEntries(Object.entries(settings).filter(([name]) => sessionOptions.find(name) !== undefined));
}

/** The server's settings for display, without secrets. */
export function shownSettings(settings: Settings): readonly { readonly name: string; readonly value: string }[] {
  return serverOptions.options.map((option) => {
    const value = settings[option.name] ?? option.default ?? '';
    return { name: option.name, value: option.secret && value !== '' ? '[hidden]' : withoutUser(value) };
  });
}
