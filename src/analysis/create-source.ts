import type { Catalog } from '../catalog/catalog.ts';
import type { Span } from '../diagnostics/source.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import { findFormat } from '../formats/index.ts';
import type { DatagenSpec } from '../specs/datagen.ts';
import type { ExportSpec } from '../specs/exports.ts';
import type { KeyWindow, SourceSpec, TimestampSpec } from '../specs/source.ts';
import type { Name } from '../syntax/expressions.ts';
import type { CreateSource } from '../syntax/statements/create-source.ts';
import { patternFault } from '../types/dates/index.ts';
import { isPseudoColumn, type Column, type Schema } from '../types/schema.ts';
import { array, BYTES, contains, sameType, STRING, struct, typeText } from '../types/sql-type.ts';
import { exportsOf } from './export-options.ts';
import { datagenOf, withoutFields } from './datagen.ts';
import { checkFormatNames, chooseFormats, registeredOf } from './format-choice.ts';
import { Properties } from '../bind/properties.ts';
import { resolveType } from '../bind/resolve-type.ts';
import { retentionOf, type Retention } from './retention.ts';
import { sourceOptions, type SinkProperties, type SourceProperties } from './source-options.ts';

/** Session settings that affect statements about sources. */
export interface SourceDefaults {
  readonly keyFormat: string;
  readonly valueFormat: string | undefined;
  readonly wrapSingles: boolean | undefined;
}

export interface DeclaredSource {
  readonly spec: SourceSpec;
  /** Partitions of the topic, where the statement gives them: the topic is then created if it does not exist. */
  readonly partitions: number | undefined;
  readonly replicas: number | undefined;
  readonly retention: Retention;
  readonly historyMs: number | undefined;
  /** The connector that fills the topic, where the statement names one. */
  readonly connector: string | undefined;
  /** How its rows are made, where they are generated. */
  readonly datagen: DatagenSpec | undefined;
  /** Where its rows go besides the topic. */
  readonly exports: readonly ExportSpec[];
}

const headersType = array(
  struct([
    { name: 'KEY', type: STRING },
    { name: 'VALUE', type: BYTES },
  ]),
);

/**
 * The roles (key, value) whose columns come from a schema registry, because the statement declares none and the format is
 * registered.
 */
export interface RolesToInfer {
  readonly topic: string;
  readonly roles: readonly {
    readonly role: 'key' | 'value';
    readonly format: string;
    readonly wrap: boolean;
    readonly schemaId: number | undefined;
    readonly fullName: string | undefined;
    readonly span: Span;
  }[];
}

export function rolesToInfer(statement: CreateSource, defaults: SourceDefaults): RolesToInfer {
  const properties = new Properties(withoutFields(statement.properties), sourceOptions, statement.span);
  checkFormatNames(properties);
  const roles = (['key', 'value'] as const).flatMap((role) => {
    const upper = role === 'key' ? 'KEY' : 'VALUE';
    const isKey = (element: CreateSource['elements'][number]): boolean =>
      element.role === 'key' || element.role === 'primaryKey';
    const isDeclared = statement.elements.some(
      (element) => element.role !== 'header' && isKey(element) === (role === 'key'),
    );
    if (isDeclared) {
      const id = `${upper}_SCHEMA_ID` as const;
      if (properties.has(id)) properties.refuse(id, `the ${role} columns are declared too; leave out one of the two`);
      return [];
    }
    const property = `${upper}_FORMAT` as const;
    const which = properties.has(property) ? property : 'FORMAT';
    const name = properties.read(which) ?? (role === 'key' ? defaults.keyFormat : defaults.valueFormat);
    const format = name === undefined ? undefined : findFormat(name.trim());
    if (format === undefined) return [];
    const registered = registeredOf(properties, upper, format);
    if (format.registered === undefined) return [];
    const wrap = role === 'value' && (properties.read('WRAP_SINGLE_VALUE') ?? true);
    return [
      {
        role,
        format: format.name,
        wrap,
        schemaId: undefined,
        fullName: undefined,
        ...registered,
        span: properties.span(which),
      },
    ];
  });
  return { topic: topicOf(statement, properties), roles };
}

/** The source of CREATE STREAM or TABLE; its columns are the declared ones and those inferred from the schema registry. */
export function declareSource(
  statement: CreateSource,
  catalog: Catalog,
  defaults: SourceDefaults,
  inferred: readonly Column[] = [],
): DeclaredSource {
  checkName(statement.name);
  const properties = new Properties(withoutFields(statement.properties), sourceOptions, statement.span);
  checkFormatNames(properties);
  const schema = declaredSchema(statement, catalog, inferred);
  const topic = topicOf(statement, properties);
  const formats = chooseFormats(properties, schema, {
    inherited: undefined,
    defaultKey: defaults.keyFormat,
    defaultValue: defaults.valueFormat,
    wrapSingles: defaults.wrapSingles,
  });
  const window = keyWindow(properties);
  if (window !== undefined && !schema.some(({ role }) => role === 'key'))
    throw new SqlError('WINDOW_WITHOUT_KEY', properties.span('WINDOW_TYPE'), { name: statement.name.text });
  const isTable = statement.sourceKind === 'TABLE';
  const retention = retentionOf(properties, isTable && window === undefined);
  const datagen = datagenOf(statement, properties, schema);
  const partitions = properties.read('PARTITIONS');
  const spec: SourceSpec = {
    name: statement.name.text,
    kind: statement.sourceKind,
    topic,
    schema,
    keyFormat: formats.key,
    valueFormat: formats.value,
    window,
    timestamp: timestampOf(properties, schema),
    partitions: partitions ?? 0,
  };
  return {
    spec,
    partitions,
    replicas: properties.read('REPLICAS'),
    retention,
    historyMs: properties.read('HISTORY'),
    connector: properties.read('SOURCED_BY_CONNECTOR') ?? properties.read('SOURCE_CONNECTOR'),
    datagen,
    exports: exportsOf(properties, spec),
  };
}

/** The topic; that of generated rows has the name of its source where it is not named. */
const topicOf = ({ name }: CreateSource, properties: Properties<(typeof sourceOptions)['options'][number]>): string =>
  properties.read('CONNECTOR') === undefined
    ? properties.required('KAFKA_TOPIC')
    : (properties.read('KAFKA_TOPIC') ?? name.text);

export function checkName(name: Name): void {
  const bad = [...new Set(name.text.replace(/[a-zA-Z0-9_-]/g, ''))].join(' ');
  if (bad !== '') throw new SqlError('INVALID_NAME', name.span, { name: name.text, characters: bad });
}

function declaredSchema(statement: CreateSource, catalog: Catalog, inferred: readonly Column[]): Schema {
  const isTable = statement.sourceKind === 'TABLE';
  const declared = statement.elements.map((element): Column => {
    const name = element.name.text;
    if (isPseudoColumn(name)) throw new SqlError('RESERVED_COLUMN', element.name.span, { column: name });
    if (element.role === 'primaryKey' && !isTable)
      throw new SqlError('PRIMARY_KEY_IN_STREAM', element.span, { column: name });
    if (element.role === 'key' && isTable) throw new SqlError('KEY_IN_TABLE', element.span, { column: name });
    const type = resolveType(element.type, catalog.types);
    const isKey = element.role === 'key' || element.role === 'primaryKey';
    if (isKey && contains(type, 'MAP'))
      throw new SqlError('KEY_TYPE', element.span, { column: name, type: typeText(type), clause: 'key' });
    if (element.role === 'header') {
      const expected = element.headerKey === undefined ? headersType : BYTES;
      if (!sameType(type, expected))
        throw new SqlError('HEADER_COLUMN', element.span, { why: `its type must be ${typeText(expected)}` });
    }
    return {
      name,
      type,
      role: isKey ? 'key' : element.role === 'header' ? 'header' : 'value',
      headerKey: element.headerKey,
    };
  });
  const columns = [...declared, ...inferred];
  columns.forEach(({ name }, i) => {
    if (columns.findIndex((other) => other.name === name) !== i)
      throw new SqlError('DUPLICATE_COLUMN', statement.elements[i]?.span ?? statement.name.span, { column: name });
  });
  const headers = columns.filter(({ role }) => role === 'header');
  const whole = headers.filter(({ headerKey }) => headerKey === undefined);
  if (whole.length > 1 || (whole.length === 1 && headers.length > 1))
    throw new SqlError('HEADER_COLUMN', statement.span, {
      why: 'all headers can be one column only, and not beside single ones',
    });
  const headerKeys = headers.map(({ headerKey }) => headerKey);
  if (new Set(headerKeys).size !== headerKeys.length)
    throw new SqlError('HEADER_COLUMN', statement.span, { why: 'a header key can be one column only' });
  if (isTable && !columns.some(({ role }) => role === 'key')) {
    throw new SqlError('PRIMARY_KEY_MISSING', statement.name.span, { name: statement.name.text });
  }
  if (columns.length === 0) throw new SqlError('NO_SOURCE_COLUMNS', statement.name.span, { name: statement.name.text });
  const keysFirst = (a: Column, b: Column): number => Number(b.role === 'key') - Number(a.role === 'key');
  return columns.sort(keysFirst);
}

function keyWindow(properties: SourceProperties): KeyWindow | undefined {
  const type = properties.read('WINDOW_TYPE');
  const sizeMs = properties.read('WINDOW_SIZE');
  if (type === undefined) {
    if (sizeMs !== undefined) properties.refuse('WINDOW_SIZE', 'WINDOW_TYPE is missing');
    return undefined;
  }
  if (type === 'SESSION')
    return sizeMs === undefined ? { type, sizeMs } : properties.refuse('WINDOW_SIZE', 'sessions have no size');
  if (sizeMs === undefined)
    throw new SqlError('PROPERTY_MISSING', properties.span('WINDOW_TYPE'), { name: 'WINDOW_SIZE' });
  return { type, sizeMs };
}

/** TIMESTAMP and TIMESTAMP_FORMAT, checked against the column that they name. */
export function timestampOf(properties: SinkProperties, schema: Schema): TimestampSpec | undefined {
  const name = properties.read('TIMESTAMP');
  const format = properties.read('TIMESTAMP_FORMAT');
  if (name === undefined) {
    if (format !== undefined)
      throw new SqlError('TIMESTAMP_COLUMN', properties.span('TIMESTAMP_FORMAT'), {
        why: 'TIMESTAMP_FORMAT needs TIMESTAMP',
      });
    return undefined;
  }
  const span = properties.span('TIMESTAMP');
  const wanted = /^[`"].*[`"]$/.test(name) ? name.slice(1, -1) : name.toUpperCase();
  const column = schema.find((candidate) => candidate.name === wanted && candidate.role !== 'header');
  if (column === undefined) throw new SqlError('TIMESTAMP_COLUMN', span, { why: `column "${wanted}" does not exist` });
  const { kind } = column.type;
  if (kind === 'STRING') {
    if (format === undefined)
      throw new SqlError('TIMESTAMP_COLUMN', span, {
        why: `column "${wanted}" is a STRING and needs TIMESTAMP_FORMAT`,
      });
    const fault = patternFault(format);
    if (fault !== undefined)
      throw new SqlError('TIMESTAMP_COLUMN', properties.span('TIMESTAMP_FORMAT'), {
        why: `'${format}' is not a date pattern: ${fault}`,
      });
  } else if (format !== undefined) {
    throw new SqlError('TIMESTAMP_COLUMN', span, { why: 'TIMESTAMP_FORMAT is for STRING columns' });
  } else if (kind !== 'BIGINT' && kind !== 'TIMESTAMP') {
    throw new SqlError('TIMESTAMP_COLUMN', span, {
      why: `column "${wanted}" must be BIGINT, TIMESTAMP or STRING, not ${typeText(column.type)}`,
    });
  }
  return { column: wanted, format };
}
