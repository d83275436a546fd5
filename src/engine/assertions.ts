import { declareSource } from '../analysis/create-source.ts';
import type { Catalog } from '../catalog/catalog.ts';
import type { KeyWindow, SourceSpec } from '../specs/source.ts';
import type { AssertSource, AssertValues } from '../syntax/statements/assert.ts';
import { equalValues } from '../types/compare.ts';
import { jsonWriter } from '../types/json-text.ts';
import { isPseudoColumn, pseudoColumns, schemaText } from '../types/schema.ts';
import type { SqlType } from '../types/sql-type.ts';
import { constant } from './insert-values.ts';
import type { ReadRow } from './source-reader.ts';

/** Why a record does not match ASSERT VALUES or ASSERT NULL VALUES; undefined when it matches. */
export function expectedValues(
  { columns, values, tombstone }: AssertValues,
  spec: SourceSpec,
  { types }: Catalog,
  row: ReadRow,
): string | undefined {
  if (tombstone !== row.tombstone) return `the record is ${row.tombstone ? 'a tombstone' : 'no tombstone'}`;
  const names =
    columns.length > 0
      ? columns.map(({ text }) => text)
      : spec.schema.filter(({ role }) => role === 'key' || (!tombstone && role === 'value')).map(({ name }) => name);
  if (names.length !== values.length)
    return `${names.length} columns need ${names.length} values, not ${values.length}`;
  for (const [i, name] of names.entries()) {
    const type = typeOf(spec, name);
    if (type === undefined) return `there is no column "${name}"`;
    const wanted = constant(values[i]!, type, name, types);
    const came = row.values.get(name) ?? null;
    if (!equalValues(wanted, came)) {
      const text = jsonWriter(type, { times: 'exact' });
      return `${name} is ${text(came)}, not ${text(wanted)}`;
    }
  }
  return undefined;
}

function typeOf(spec: SourceSpec, name: string): SqlType | undefined {
  const column = spec.schema.find((candidate) => candidate.name === name);
  return (
    column?.type ??
    (isPseudoColumn(name) ? pseudoColumns.find((pseudoColumn) => pseudoColumn.name === name)?.type : undefined)
  );
}

const windowText = (window: KeyWindow | undefined): string =>
  window === undefined ? 'none' : `${window.type}${window.sizeMs === undefined ? '' : ` of ${window.sizeMs} ms`}`;

const wrapText = (wrap: boolean): string => (wrap ? 'wrapped' : 'bare');

/** Why a source does not match ASSERT STREAM or ASSERT TABLE; undefined when it matches. */
export function sourceProblem(statement: AssertSource, catalog: Catalog): string | undefined {
  const name = statement.source.text;
  const spec = catalog.sources.get(name)?.spec;
  if (spec === undefined) return `"${name}" does not exist`;
  if (spec.kind !== statement.sourceKind) return `"${name}" is a ${spec.kind.toLowerCase()}`;
  const has = (property: string): boolean => statement.properties.some((each) => each.name === property);
  const declared = declareSource(
    {
      ...statement,
      kind: 'createSource',
      name: statement.source,
      orReplace: false,
      readOnly: false,
      ifNotExists: false,
      query: undefined,
      elements: statement.elements,
      properties: [
        ...statement.properties,
        ...(has('KAFKA_TOPIC') ? [] : [{ name: 'KAFKA_TOPIC', value: spec.topic, span: statement.span }]),
      ],
    },
    catalog,
    { keyFormat: spec.keyFormat.format, valueFormat: spec.valueFormat.format, wrapSingles: spec.valueFormat.wrap },
    statement.elements.length === 0 ? spec.schema : [],
  ).spec;
  const differing: (readonly [what: string, is: string, wanted: string])[] = [
    ['its columns are', schemaText(spec.schema), schemaText(declared.schema)],
    ['its topic is', spec.topic, declared.topic],
    ['its key format is', spec.keyFormat.format, declared.keyFormat.format],
    ['its value format is', spec.valueFormat.format, declared.valueFormat.format],
    [
      'its timestamp column is',
      spec.timestamp?.column ?? 'none',
      declared.timestamp?.column ?? spec.timestamp?.column ?? 'none',
    ],
    ...(has('TIMESTAMP') || has('TIMESTAMP_FORMAT')
      ? [['its timestamp format is', spec.timestamp?.format ?? 'none', declared.timestamp?.format ?? 'none'] as const]
      : []),
    ...(has('WRAP_SINGLE_VALUE')
      ? [['its single value is', wrapText(spec.valueFormat.wrap), wrapText(declared.valueFormat.wrap)] as const]
      : []),
    ['its windows are', windowText(spec.window), windowText(declared.window ?? spec.window)],
  ];
  const wrong = differing.find(([, is, wanted]) => is !== wanted);
  return wrong && `${wrong[0]} ${wrong[1]}, not ${wrong[2]}`;
}
