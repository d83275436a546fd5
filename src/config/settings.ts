import { existsSync, readFileSync } from 'node:fs';
import { noSpan } from '../diagnostics/source.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import { serverOptions } from './server-options.ts';
import { sessionOptions } from './session-options.ts';
import { checkServerSetting, settingName } from './setting-names.ts';
import { isSecurity } from './without-meaning.ts';

/** What a node was started with: text by the names of `serverOptions` and `sessionOptions`, only what was given. */
export type Settings = Readonly<Record<string, string>>;

const environmentName = (name: string): string => name.replace(/[.-]/g, '_').toUpperCase();
/** Every name as the environment may have it: ksqlDB's image leaves out the `ksql.` of some. */
const byEnvironmentName: ReadonlyMap<string, string> = new Map(
  [...sessionOptions.names, ...serverOptions.names].flatMap((name) => [
    [environmentName(name), name],
    [environmentName(name.replace(/^ksql\./, '')), name],
    [environmentName(`ksql.streams.${name}`), name],
  ]),
);

/** `MILLRACE_STATE_DIR` and ksqlDB's `KSQL_BOOTSTRAP_SERVERS` name settings in the environment. */
function fromEnvironment(environment: NodeJS.ProcessEnv, warn: (text: string) => void): Map<string, string> {
  const found = new Map<string, string>();
  for (const prefix of ['KSQL_', 'MILLRACE_']) {
    for (const [key, value] of Object.entries(environment)) {
      if (!key.startsWith(prefix) || value === undefined || value === '') continue;
      const rest = key.slice(prefix.length);
      const dotted = rest.toLowerCase().replaceAll('_', '.');
      const name = byEnvironmentName.get(rest);
      if (name !== undefined) found.set(name, value);
      // Others may be variables of something else, such as the ports that Kubernetes tells of.
      else if (isSecurity(dotted)) found.set(dotted, value);
      else warn(`${key} in the environment is no setting of Millrace: it is not obeyed`);
    }
  }
  return found;
}

function fromFile(path: string): Map<string, string> {
  if (!existsSync(path))
    throw new SqlError('INVALID_SETTING', noSpan, { name: 'config', value: path, why: 'the file does not exist' });
  const found = new Map<string, string>();
  for (const line of readFileSync(path, 'utf8').split(/\r?\n/)) {
    const match = /^\s*([^#!=:\s][^=:\s]*)\s*[=:]\s*(.*?)\s*$/.exec(line);
    if (match !== null) found.set(match[1]!, match[2]!);
  }
  return found;
}

/**
 * Flags over environment over file; each is checked, and an unknown name is refused with the nearest one. `warn` is told of those
 * that mean nothing here. An empty value is as if it were not there.
 */
export function readSettings(
  flags: Readonly<Record<string, string>>,
  environment: NodeJS.ProcessEnv,
  file: string | undefined,
  warn: (text: string) => void = () => undefined,
): Settings {
  const result: Record<string, string> = {};
  const layers = [
    file === undefined ? new Map<string, string>() : fromFile(file),
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

/** What sessions inherit of the server's settings. */
export function sessionDefaults(settings: Settings): Record<string, string> {
  return Object.fromEntries(Object.entries(settings).filter(([name]) => sessionOptions.find(name) !== undefined));
}

/** An address without the user and password that may stand in it. */
const withoutUser = (value: string): string => value.replace(/^(\w+:\/\/)[^/@]*@/, '$1[hidden]@');

/** The server's settings as they may be shown. */
export function shownSettings(settings: Settings): readonly { readonly name: string; readonly value: string }[] {
  return serverOptions.options.map((each) => {
    const value = settings[each.name] ?? each.default ?? '';
    return { name: each.name, value: each.secret && value !== '' ? '[hidden]' : withoutUser(value) };
  });
}
