import { noSpan, type Span } from '../diagnostics/source.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import { closest } from '../util/closest.ts';
import type { Given, Option } from './option.ts';
import { accessOptions } from './access-options.ts';
import { isSecretSetting } from './outbound-options.ts';
import { serverOptions } from './server-options.ts';
import { sessionOptions } from './session-options.ts';
import { isSecurity, isWithoutMeaning, onlyValues } from './without-meaning.ts';

/** Names of ksqlDB and Kafka Streams that are accepted for ours. */
const aliases: Readonly<Record<string, string>> = {
  'ksql.bootstrap.servers': 'bootstrap.servers',
  'ksql.listeners': 'listeners',
  'statestore.cache.max.bytes': 'cache.max.bytes.buffering',
  'num.standby.replicas': 'ksql.streams.num.standby.replicas',
  'num.stream.threads': 'ksql.streams.num.stream.threads',
  'replication.factor': 'ksql.internal.topic.replicas',
};

/** Settings of Kafka Streams that ksqlDB has for each query, and that are the node's here: a session's are accepted and not obeyed. */
const perNode: Readonly<Record<string, string>> = {
  'ksql.streams.num.standby.replicas': 'num.standby.replicas',
  'ksql.streams.num.stream.threads': 'num.stream.threads',
};

const has = (name: string): boolean =>
  sessionOptions.find(name) !== undefined || serverOptions.find(name) !== undefined;

/** A URL, or several by commas, with its user and password hidden. */
export const withoutUser = (value: string): string => value.replace(/(^|\/\/|,)[^/,]*@/g, '$1[hidden]@');

/** Whether a setting is about who gets in: a client of Kafka has its own of that name. */
export const isAccess = (name: string): boolean => accessOptions.some((option) => option.name === name);

/** A setting's name without the prefixes (`ksql.streams.` and the like) that choose one of ksqlDB's clients. */
export function settingName(written: string): string {
  const named = aliases[written] ?? written;
  if (has(named)) return named;
  const bare = written
    .replace(/^ksql\.streams\./, '')
    .replace(/^((main|restore|global)\.)?(consumer|producer|admin)\./, '');
  // A certificate for a client of Kafka is not that of a listener.
  if (isAccess(bare)) return written;
  return aliases[bare] ?? bare;
}

/** The names that a suggestion may propose. */
const suggested: readonly string[] = [...sessionOptions.names, ...serverOptions.names];

function checkValue({ name, check, secret }: Option, value: Given, span: Span): void {
  const why = check(value);
  if (why === undefined) return;
  const shown = secret ? '[hidden]' : withoutUser(String(value));
  throw new SqlError('INVALID_SETTING', span, { name, value: shown, why });
}

/** Checks a setting that no table has: a warning for one without meaning here; others are refused. */
function withoutOption(name: string, value: string | undefined, span: Span): string | undefined {
  const only = onlyValues[name];
  if (only !== undefined) {
    if (value === undefined || only.includes(value.toLowerCase())) return undefined;
    const why = only.length === 0 ? 'it is not supported' : `only ${only.join(' and ')} is supported`;
    throw new SqlError('SETTING_REFUSED', span, { name, why });
  }
  if (isSecurity(name))
    throw new SqlError('SETTING_REFUSED', span, {
      name,
      why: 'it is about security, and nothing here would obey it',
    });
  if (isWithoutMeaning(name)) return `setting "${name}" means nothing to Millrace: it is accepted and not obeyed`;
  throw new SqlError('UNKNOWN_SETTING', span, {
    name,
    suggestion: closest(name, suggested) ?? closest(`ksql.streams.${name}`, suggested),
  });
}

/**
 * Checks a property of a session; `value` is undefined when only the name is given. Returns a warning for one without meaning
 * here.
 */
export function checkProperty(
  written: string,
  value: string | undefined,
  span: Span,
): { readonly name: string; readonly warning: string | undefined } {
  const name = settingName(written);
  const option = sessionOptions.find(name);
  if (option !== undefined) {
    if (value !== undefined) checkValue(option, value, span);
    return { name, warning: undefined };
  }
  const ofQuery = perNode[name];
  if (ofQuery !== undefined) return { name, warning: withoutOption(ofQuery, value, span) };
  if (serverOptions.find(name) !== undefined)
    throw new SqlError('SETTING_REFUSED', span, { name, why: 'it is set where the server is started' });
  return { name, warning: withoutOption(name, value, span) };
}

/** Checks a setting of the server or a default of its sessions; returns a warning for one without meaning here. */
export function checkServerSetting(
  written: string,
  value: string,
): { readonly name: string; readonly warning: string | undefined } {
  const name = settingName(written);
  if (isSecretSetting(name)) return { name, warning: undefined };
  const option = serverOptions.find(name) ?? sessionOptions.find(name);
  if (option !== undefined) {
    checkValue(option, value, noSpan);
    return { name, warning: undefined };
  }
  return { name, warning: withoutOption(name, value, noSpan) };
}
