import { SqlError } from '../diagnostics/sql-error.ts';
import { noSpan, type Span } from '../diagnostics/source.ts';
import { closest } from '../util/closest.ts';

/** Properties that a session may set, with their defaults; names may carry the prefix `ksql.streams.`. */
export const sessionProperties: Readonly<Record<string, string>> = {
  'auto.offset.reset': 'latest',
  'commit.interval.ms': '1000',
  'cache.max.bytes.buffering': '10000000',
  'num.stream.threads': '2',
  'processing.guarantee': 'at_least_once',
  'max.task.idle.ms': '0',
  'ksql.idle.timeout.ms': '0',
  'ksql.persistence.default.format.key': 'KAFKA',
  'ksql.persistence.default.format.value': '',
  'ksql.persistence.wrap.single.values': '',
  'ksql.suppress.enabled': 'true',
  'ksql.output.topic.name.prefix': '',
  'ksql.query.pull.table.scan.enabled': 'true',
  'ksql.query.pull.range.scan.enabled': 'true',
  'ksql.pull.queries.enable': 'true',
  'ksql.query.pull.stream.enabled': 'true',
  'ksql.query.pull.limit.clause.enabled': 'true',
  'ksql.query.push.v2.enabled': 'false',
  'ksql.insert.into.values.enabled': 'true',
  'ksql.create.or.replace.enabled': 'true',
  'ksql.variable.substitution.enable': 'true',
  'ksql.lambdas.enabled': 'true',
  'ksql.headers.columns.enabled': 'true',
  'ksql.timestamp.throw.on.invalid': 'false',
  'ksql.functions.collect_list.limit': '-1',
  'ksql.functions.collect_set.limit': '-1',
  'ksql.max.push.queries': '100',
  'ksql.assert.topic.default.timeout.ms': '1000',
  'ksql.assert.schema.default.timeout.ms': '1000',
};

/** The name of a property without the prefixes that ksqlDB's users write. */
export function propertyName(name: string): string {
  const bare = name.replace(/^ksql\.streams\./, '').replace(/^(consumer|producer)\./, '');
  return bare === 'statestore.cache.max.bytes' ? 'cache.max.bytes.buffering' : bare;
}

export const isKnownProperty = (name: string): boolean =>
  Object.hasOwn(sessionProperties, propertyName(name)) ||
  /^ksql\.|\.ms$|\.bytes$|^__|^(sasl|ssl|security)\./.test(propertyName(name));

function checkName(name: string, span: Span): void {
  if (!isKnownProperty(name))
    throw new SqlError('UNKNOWN_SETTING', span, { name, suggestion: closest(name, Object.keys(sessionProperties)) });
}

/** Throws for a property that is not known, and for a value that it cannot have. */
export function checkSetting(name: string, value: string, span: Span): void {
  checkName(name, span);
  const bare = propertyName(name);
  if (/^-?\d+$/.test(sessionProperties[bare] ?? '') && !/^-?\d+$/.test(value))
    throw new SqlError('INVALID_SETTING', span, { name, value, why: 'it must be a whole number' });
  if (bare === 'auto.offset.reset' && !['earliest', 'latest'].includes(value.toLowerCase()))
    throw new SqlError('INVALID_SETTING', span, { name, value, why: 'it must be earliest or latest' });
  if (bare === 'processing.guarantee' && !['at_least_once', 'exactly_once_v2', 'exactly_once'].includes(value))
    throw new SqlError('INVALID_SETTING', span, { name, value, why: 'it must be at_least_once or exactly_once_v2' });
}

/** What one client has set: SET, DEFINE, and the properties of its request. */
export class Session {
  readonly #defaults: Readonly<Record<string, string>>;
  readonly properties = new Map<string, string>();
  readonly variables = new Map<string, string>();

  constructor(defaults: Readonly<Record<string, string>> = {}) {
    this.#defaults = defaults;
  }

  /** Sets a property, or throws for one that is not known and for a value that it cannot have. */
  set(name: string, value: string, span = noSpan): void {
    checkSetting(name, value, span);
    this.properties.set(propertyName(name), value);
  }
  unset(name: string, span = noSpan): void {
    checkName(name, span);
    this.properties.delete(propertyName(name));
  }
  get(name: string): string {
    return this.properties.get(name) ?? this.#defaults[name] ?? sessionProperties[name] ?? '';
  }
  /** All properties that differ from the built-in defaults. */
  overrides(): Record<string, string> {
    return { ...this.#defaults, ...Object.fromEntries(this.properties) };
  }

  /** Replaces `${name}`: unknown ones stay. Inside a string literal quotes of the value are doubled. */
  substitute(text: string): string {
    if (this.variables.size === 0 || this.get('ksql.variable.substitution.enable') === 'false') return text;
    return text.replace(/'(?:[^']|'')*'|\$\{([A-Za-z_][A-Za-z0-9_@]*)\}/g, (whole, name: string | undefined) => {
      if (name !== undefined) return this.#value(name) ?? whole;
      return whole.replace(
        /\$\{([A-Za-z_][A-Za-z0-9_@]*)\}/g,
        (inner, each: string) => this.#value(each)?.replaceAll("'", "''") ?? inner,
      );
    });
  }
  #value(name: string): string | undefined {
    return this.variables.get(name.toUpperCase());
  }
}
