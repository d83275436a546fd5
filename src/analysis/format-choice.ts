import { SqlError } from '../diagnostics/sql-error.ts';
import { findFormat, formatNames, keylessFormat } from '../formats/index.ts';
import { json } from '../formats/json.ts';
import type { Format } from '../formats/define.ts';
import type { FormatSpec } from '../specs/source.ts';
import type { Column } from '../types/schema.ts';
import type { SinkProperties } from './source-options.ts';

export interface FormatDefaults {
  /** The formats of the source that a query reads, which its result inherits; undefined for a declared source. */
  readonly inherited: { readonly key: FormatSpec; readonly value: FormatSpec } | undefined;
  readonly defaultKey: string;
  readonly defaultValue: string | undefined;
  readonly wrapSingles: boolean | undefined;
  /** Whether rows without a value column must be told from tombstones. */
  readonly keysOnly?: boolean;
}

/** The formats of a source or sink: from its properties, else inherited, else the defaults. Checked against the columns. */
export function chooseFormats(
  properties: SinkProperties,
  columns: readonly Column[],
  defaults: FormatDefaults,
): { key: FormatSpec; value: FormatSpec } {
  checkFormatNames(properties);
  const keys = columns.filter(({ role }) => role === 'key');
  const values = columns.filter(({ role }) => role === 'value');
  return { key: keyFormat(properties, keys, defaults), value: valueFormat(properties, values, defaults) };
}

/** Refuses unknown formats, formats given twice and invalid delimiters, before columns are checked. */
export function checkFormatNames(properties: SinkProperties): void {
  if (properties.has('FORMAT') && (properties.has('KEY_FORMAT') || properties.has('VALUE_FORMAT')))
    properties.refuse('FORMAT', 'it stands for KEY_FORMAT and VALUE_FORMAT, which are given too');
  for (const role of ['KEY', 'VALUE'] as const) {
    named(properties, `${role}_FORMAT`);
    const delimiter = properties.read(`${role}_DELIMITER`);
    if (delimiter !== undefined) delimiterCharacter(properties, `${role}_DELIMITER`, delimiter);
  }
}

function named(properties: SinkProperties, property: 'KEY_FORMAT' | 'VALUE_FORMAT'): Format | undefined {
  const which = properties.has(property) ? property : 'FORMAT';
  const name = properties.read(which);
  if (name === undefined) return undefined;
  const format = findFormat(name.trim());
  if (format === undefined)
    throw new SqlError('FORMAT_NOT_FOUND', properties.span(which), { format: name, known: formatNames().join(', ') });
  return format;
}

function keyFormat(
  properties: SinkProperties,
  keys: readonly Column[],
  { inherited, defaultKey }: FormatDefaults,
): FormatSpec {
  const explicit = named(properties, 'KEY_FORMAT');
  const span = properties.span('KEY_FORMAT');
  const format = explicit ?? findFormat(inherited?.key.format ?? defaultKey)!;
  if (keys.length === 0) {
    if (
      explicit !== undefined &&
      explicit.name !== keylessFormat &&
      properties.has('KEY_FORMAT') &&
      inherited !== undefined
    ) {
      throw new SqlError('FORMAT_UNSUPPORTED', span, {
        format: explicit.name,
        why: "a key format is given, but there are no key columns; use KEY_FORMAT='NONE'",
      });
    }
    // A source without a key keeps the format that was given, because sources derived from it inherit it.
    return { format: explicit?.name ?? keylessFormat, wrap: false, delimiter: ',' };
  }
  if (!format.supportsKey)
    throw new SqlError('FORMAT_UNSUPPORTED', span, { format: format.name, why: 'it cannot hold keys' });
  check(format, keys, 'key', properties);
  const delimiter = delimiterOf(
    properties,
    'KEY_DELIMITER',
    format,
    explicit === undefined ? inherited?.key.delimiter : undefined,
  );
  const nullable = nullableOf(properties, 'KEY', format, inherited?.key);
  return {
    format: format.name,
    wrap: keys.length > 1 || format.singles === 'wrap',
    delimiter,
    ...nullable,
    ...registeredOf(properties, 'KEY', format),
  };
}

function valueFormat(
  properties: SinkProperties,
  values: readonly Column[],
  { inherited, defaultValue, wrapSingles, keysOnly }: FormatDefaults,
): FormatSpec {
  const explicit = named(properties, 'VALUE_FORMAT');
  const name = inherited?.value.format ?? defaultValue;
  const format = explicit ?? (name === undefined ? undefined : findFormat(name));
  if (format === undefined)
    throw new SqlError('PROPERTY_MISSING', properties.span('VALUE_FORMAT'), { name: 'VALUE_FORMAT' });
  if (!format.supportsValue)
    throw new SqlError('FORMAT_UNSUPPORTED', properties.span('VALUE_FORMAT'), {
      format: format.name,
      why: 'it cannot hold values',
    });
  check(format, values, 'value', properties);
  if (values.length === 0 && keysOnly === true && format.holdsKeysOnly !== true)
    throw new SqlError('FORMAT_UNSUPPORTED', properties.span('VALUE_FORMAT'), {
      format: format.name,
      why: 'a row that is its key has no value in it',
      other: { role: 'value', format: json.name },
    });
  const delimiter = delimiterOf(
    properties,
    'VALUE_DELIMITER',
    format,
    explicit === undefined ? inherited?.value.delimiter : undefined,
  );
  const wanted = properties.read('WRAP_SINGLE_VALUE');
  if (wanted !== undefined) {
    const span = properties.span('WRAP_SINGLE_VALUE');
    if (values.length !== 1)
      throw new SqlError('WRAP_SINGLE_VALUE', span, { why: 'it is for exactly one value column' });
    if (format.singles !== 'both' && (format.singles === 'wrap') !== wanted)
      throw new SqlError('WRAP_SINGLE_VALUE', span, {
        why: `format ${format.name} cannot ${wanted ? 'wrap' : 'unwrap'} a single value`,
      });
  }
  const wrap =
    values.length !== 1 || (format.singles === 'both' ? (wanted ?? wrapSingles ?? true) : format.singles === 'wrap');
  return {
    format: format.name,
    wrap,
    delimiter,
    ...nullableOf(properties, 'VALUE', format, inherited?.value),
    ...registeredOf(properties, 'VALUE', format),
  };
}

/** The schema of the registry that the properties name: its id, and the full name of a record or message in it. */
export function registeredOf(
  properties: SinkProperties,
  role: 'KEY' | 'VALUE',
  format: Format,
): Pick<FormatSpec, 'schemaId' | 'fullName'> {
  const names = [
    `${role}_SCHEMA_FULL_NAME` as const,
    ...(role === 'VALUE' ? (['VALUE_AVRO_SCHEMA_FULL_NAME'] as const) : []),
  ];
  const present = names.filter((name) => properties.has(name));
  if (present.length > 1) properties.refuse(present[1]!, `${present[0]!} says it already`);
  const [property] = present;
  const id = `${role}_SCHEMA_ID` as const;
  for (const option of [...present, ...(properties.has(id) ? [id] : [])])
    if (format.registered === undefined)
      properties.refuse(option, `format ${format.name} has no schemas in a registry`);
  const fullName = property && properties.read(property);
  if (fullName?.trim() === '') properties.refuse(property!, 'it is empty');
  const schemaId = properties.read(id);
  return { ...(schemaId === undefined ? {} : { schemaId }), ...(fullName === undefined ? {} : { fullName }) };
}

/** How NULLs are represented: as given, otherwise as in the source that the result inherits from. */
function nullableOf(
  properties: SinkProperties,
  role: 'KEY' | 'VALUE',
  format: Format,
  inherited: FormatSpec | undefined,
): Pick<FormatSpec, 'nullable'> {
  const property = `${role}_PROTOBUF_NULLABLE_REPRESENTATION` as const;
  const text = properties.read(property);
  if (text === undefined) return format.name === inherited?.format ? { nullable: inherited.nullable } : {};
  if (format.usesNullable !== true) properties.refuse(property, `format ${format.name} has no nullable representation`);
  return { nullable: text };
}

type Delimiter = 'KEY_DELIMITER' | 'VALUE_DELIMITER';

function delimiterOf(
  properties: SinkProperties,
  property: Delimiter,
  format: Format,
  inherited: string | undefined,
): string {
  const text = properties.read(property);
  if (text === undefined) return inherited ?? ',';
  if (!format.usesDelimiter) properties.refuse(property, `format ${format.name} has no delimiter`);
  return delimiterCharacter(properties, property, text);
}

function delimiterCharacter(properties: SinkProperties, property: Delimiter, text: string): string {
  if (text.toUpperCase() === 'SPACE') return ' ';
  if (text.toUpperCase() === 'TAB') return '\t';
  if (text.length !== 1 || /\s/.test(text)) properties.refuse(property, 'it must be one character, SPACE or TAB');
  if (text === '"') properties.refuse(property, 'it is what texts are quoted with');
  return text;
}

function check(format: Format, columns: readonly Column[], role: 'key' | 'value', properties: SinkProperties): void {
  const refusal = format.refuses(columns, role);
  if (refusal === undefined) return;
  const span = properties.span(role === 'key' ? 'KEY_FORMAT' : 'VALUE_FORMAT');
  if ('why' in refusal)
    throw new SqlError('FORMAT_UNSUPPORTED', span, {
      format: format.name,
      why: refusal.why,
      other: { role, format: json.name },
    });
  throw new SqlError('FORMAT_TYPE', span, { format: format.name, ...refusal });
}
