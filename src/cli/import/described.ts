import { printString } from '../../syntax/print.ts';

/** A type as ksqlDB's REST describes it. */
export interface SchemaInfo {
  readonly type: string;
  readonly fields?: readonly { readonly name: string; readonly schema: SchemaInfo }[] | null;
  readonly memberSchema?: SchemaInfo | null;
  readonly parameters?: Readonly<Record<string, number>> | null;
}
interface DescribedField {
  readonly name: string;
  readonly schema: SchemaInfo;
  /** KEY, HEADER, or nothing for a column of the value. */
  readonly type?: string | null;
  readonly headerKey?: string | null;
}
/** A source as SHOW STREAMS EXTENDED and SHOW TABLES EXTENDED describe it. */
export interface DescribedSource {
  readonly name: string;
  readonly type: string;
  readonly windowType?: string | null;
  readonly fields: readonly DescribedField[];
  readonly timestamp?: string;
  readonly keyFormat: string;
  readonly valueFormat: string;
  readonly topic: string;
  readonly statement: string;
  readonly writeQueries: readonly { readonly id: string }[];
}

/** A name as it stands in a statement. */
const quoted = (name: string): string => `\`${name.replaceAll('`', '``')}\``;

/** A described type as it stands in a statement. */
function typeText({ type, fields, memberSchema, parameters }: SchemaInfo): string {
  if (type === 'STRUCT')
    return `STRUCT<${(fields ?? []).map(({ name, schema }) => `${quoted(name)} ${typeText(schema)}`).join(', ')}>`;
  if (type === 'ARRAY') return `ARRAY<${typeText(memberSchema!)}>`;
  if (type === 'MAP') return `MAP<STRING, ${typeText(memberSchema!)}>`;
  if (type === 'DECIMAL') return `DECIMAL(${parameters?.['precision']}, ${parameters?.['scale']})`;
  return type;
}

/** A statement that makes a type. */
export const typeStatement = (name: string, schema: SchemaInfo): string =>
  `CREATE TYPE ${quoted(name)} AS ${typeText(schema)};`;

interface Declared {
  readonly kind: 'STREAM' | 'TABLE';
  readonly name: string;
  /** The columns as they stand in a statement. */
  readonly columns: string;
  readonly topic: string;
  readonly keyFormat: string;
  readonly valueFormat: string;
}
const declared = ({ kind, name, columns, topic, keyFormat, valueFormat }: Declared): string =>
  `CREATE ${kind} ${quoted(name)} (${columns}) WITH (KAFKA_TOPIC=${printString(topic)}, KEY_FORMAT=${printString(keyFormat)}, VALUE_FORMAT=${printString(valueFormat)});`;

/** What declares a source over its topic without the query that filled it; undefined where it is windowed, whose sizes are not told. */
export function declaration(source: DescribedSource): string | undefined {
  if (source.windowType != null) return undefined;
  const kind = source.type === 'TABLE' ? 'TABLE' : 'STREAM';
  const role = ({ type, headerKey }: DescribedField): string => {
    if (type === 'KEY') return kind === 'TABLE' ? ' PRIMARY KEY' : ' KEY';
    if (type === 'HEADER') return headerKey == null ? ' HEADERS' : ` HEADER(${printString(headerKey)})`;
    return '';
  };
  const columns = source.fields.map((field) => `${quoted(field.name)} ${typeText(field.schema)}${role(field)}`);
  return declared({ ...source, kind, columns: columns.join(', ') });
}

/** The command of a plan that makes a source. */
export interface DdlCommand {
  readonly '@type': string;
  readonly sourceName?: string;
  /** Columns as they stand in a statement, keys with KEY or PRIMARY KEY. */
  readonly schema?: string;
  readonly topicName?: string;
  readonly formats?: {
    readonly keyFormat: { readonly format: string };
    readonly valueFormat: { readonly format: string };
  };
  readonly windowInfo?: object | null;
}

/** The same from the command of a plan. */
export function declarationOf(ddl: DdlCommand | null | undefined): string | undefined {
  if (ddl?.schema === undefined || ddl.formats == null || ddl.windowInfo != null) return undefined;
  const kind = /table/i.test(ddl['@type']) ? 'TABLE' : 'STREAM';
  return declared({
    kind,
    name: (ddl.sourceName ?? '').replace(/^`(.*)`$/, '$1'),
    columns: kind === 'TABLE' ? ddl.schema.replaceAll(/(?<!PRIMARY) KEY\b/g, ' PRIMARY KEY') : ddl.schema,
    topic: ddl.topicName ?? '',
    keyFormat: ddl.formats.keyFormat.format,
    valueFormat: ddl.formats.valueFormat.format,
  });
}
