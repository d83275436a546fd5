import { noSpan, type Span } from '../diagnostics/source.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import { closest } from '../util/closest.ts';
import type { Given, Option } from './option.ts';
import { serverOptions } from './server-options.ts';
import { sessionOptions } from './session-options.ts';
import { isSecurity, isWithoutMeaning, onlyValues } from './without-meaning.ts';

/** Names that ksqlDB and Kafka Streams users write for ours. */
const aliases: Readonly<Record<string, string>> = {
  'ksql.bootstrap.servers': 'bootstrap.servers',
  'ksql.listeners': 'listeners',
  'statestore.cache.max.bytes': 'cache.max.bytes.buffering',
  'num.stream.threads': 'ksql.streams.num.stream.threads',
  'replication.factor': 'ksql.internal.topic.replicas',
};

const has = (name: string): boolean =>
  sessionOptions.find(name) !== undefined || serverOptions.find(name) !== undefined;

/** A setting's name as the tables have it, without the prefixes that say for which of ksqlDB's clients it is meant. */
export function settingName(written: string): string {
  const named = aliases[written] ?? written;
  if (has(named)) return named;
  const bare = written
    .replace(/^ksql\.streams\./, '')
    .replace(/^((main|restore|global)\.)?(consumer|producer|admin)\./, '');
  return aliases[bare] ?? bare;
}

/** Every name that a suggestion may be. */
const suggested: readonly string[] = [...sessionOptions.names, ...serverOptions.names];

function checkValue({ name, check, secret }: Option, value: Given, span: Span): void {
  const why = check(value);
  if (why === undefined) return;
  const shown = secret ? '[hidden]' : String(value);
  throw new SqlError('INVALID_SETTING', span, { name, value: shown, why });
}

/** What a setting that no table has is: accepted with a warning, or refused. */
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
  throw new SqlError('UNKNOWN_SETTING', span, { name, suggestion: closest(name, suggested) });
}

/** A property of a session, checked; `value` is undefined where it is only named. A warning for one without meaning. */
export function checkProperty(
  written: string,
  value: string | undefined,
  span: Span,
): { readonly name: string; readonly warning: string | undefined } {
  const name = settingName(written);
  const found = sessionOptions.find(name);
  if (found !== undefined) {
    if (value !== undefined) checkValue(found, value, span);
    return { name, warning: undefined };
  }
  // ksqlDB has threads for each query; here all queries share the node's.
  if (name === 'ksql.streams.num.stream.threads')
    return { name, warning: withoutOption('num.stream.threads', value, span) };
  if (serverOptions.find(name) !== undefined)
    throw new SqlError('SETTING_REFUSED', span, { name, why: 'it is set where the server is started' });
  return { name, warning: withoutOption(name, value, span) };
}

/** A setting of the server, or a default of its sessions; a warning for one without meaning. */
export function checkServerSetting(
  written: string,
  value: string,
): { readonly name: string; readonly warning: string | undefined } {
  const name = settingName(written);
  const found = serverOptions.find(name) ?? sessionOptions.find(name);
  if (found !== undefined) {
    checkValue(found, value, noSpan);
    return { name, warning: undefined };
  }
  return { name, warning: withoutOption(name, value, noSpan) };
}
