import { SqlError } from '../diagnostics/sql-error.ts';
import type { Catalog, SourceObject } from '../catalog/catalog.ts';
import type { BoundQuery, BoundSource } from '../bound/query.ts';
import { reference, type RowColumn } from '../bound/rows.ts';
import type { SourceSpec } from '../specs/source.ts';
import type { QueryNode, SourceNode } from '../syntax/query.ts';
import { isPseudoColumn, isWindowBound, pseudoColumns } from '../types/schema.ts';
import { evaluation } from './evaluation.ts';
import { matched } from './match/match.ts';
import { viewQuery } from './views.ts';
import { requireSource, type ColumnIds, type QueryBinder, type Relation } from './context.ts';

/** The relations of FROM and its joins. With joins, columns carry the alias of their source. */
export function bindFrom(query: QueryNode, binder: QueryBinder): Relation[] {
  const used = [query.from, ...query.joins.map((join) => join.source)];
  const { purpose, ofOneTime } = binder.options;
  used.forEach((source, i) => refuseTimes(source, i === 0 || purpose === 'pull' || ofOneTime === true));
  const aliases = aliasesOf(used);
  return used.map((source, i) => {
    const alias = aliases[i]!;
    const shown = used.length > 1 ? alias : undefined;
    const inner = innerQuery(source, binder);
    const relation =
      inner === undefined
        ? fromCatalog(sourceOf(source, binder.catalog), alias, shown, binder.ids)
        : fromQuery(inner, alias, shown);
    return source.match === undefined ? relation : matched(relation, source.match, query.emit, binder);
  });
}

/** The names that the sources of a query go by, each its own. */
export function aliasesOf(used: readonly SourceNode[]): string[] {
  // A subquery without a name has one that its columns are shown with where there are other sources.
  const aliases = used.map((source, i) => (source.alias ?? source.name).text || `SUBQUERY_${i + 1}`);
  used.forEach(({ span }, i) => {
    if (aliases.indexOf(aliases[i]!) !== i) throw new SqlError('JOIN_SELF', span, { source: aliases[i]! });
  });
  return aliases;
}

/** Only what is joined is as of a time, and not in a pull query; files are for training sets. */
function refuseTimes({ asOf, file, span }: SourceNode, isNow: boolean): void {
  if (asOf !== undefined && isNow)
    throw new SqlError('NOT_SUPPORTED_YET', asOf.span, { what: 'FOR SYSTEM_TIME AS OF here' });
  if (file !== undefined) throw new SqlError('NOT_SUPPORTED_YET', span, { what: 'FILE here' });
}

/** What is joined as of a time is read from its beginning, as a table is, also where it is a stream. */
function sourceOf({ name, asOf }: SourceNode, catalog: Catalog): SourceObject {
  const object = requireSource(catalog, name);
  return asOf === undefined || object.featureView === undefined
    ? object
    : { ...object, spec: { ...object.spec, kind: 'TABLE' } };
}

function innerQuery(source: SourceNode, binder: QueryBinder): BoundQuery | undefined {
  if (source.query === undefined) {
    const view = binder.catalog.views.get(source.name.text);
    return binder.named.get(source.name.text)?.() ?? (view && binder.view(viewQuery(view)));
  }
  return binder.part(source.query.evaluates === undefined ? source.query : evaluation(source.query, binder));
}

/** Every column of a source, then its pseudo columns. */
export function boundSource(spec: SourceSpec, alias: string, shown: string | undefined, ids: ColumnIds): BoundSource {
  const pseudo = pseudoColumns.filter(({ windowed }) => !windowed || spec.window !== undefined);
  const source = shown === undefined ? {} : { source: shown };
  const columns = [
    ...spec.schema.map(({ name, type, role }): RowColumn => ({
      id: ids.next(),
      name,
      ...source,
      type,
      role: role === 'key' ? 'key' : 'value',
    })),
    ...pseudo.map(({ name, type }): RowColumn => ({ id: ids.next(), name, ...source, type, role: 'value' })),
  ];
  return {
    kind: 'source',
    alias,
    spec,
    reads: columns.map(({ name }) => name),
    rows: { columns, shape: spec.kind, windowed: spec.window?.type },
    windowSizeMs: spec.window?.sizeMs,
  };
}

function fromCatalog(object: SourceObject, alias: string, shown: string | undefined, ids: ColumnIds): Relation {
  const bound = boundSource(object.spec, alias, shown, ids);
  const columns = bound.rows.columns.map((column) => ({
    column: reference(column),
    hidden: isHidden(column.name),
    isKey: column.role === 'key',
  }));
  const { name } = object.spec;
  return { bound, scope: { alias, name, columns }, object, sources: [name], leftmost: object.spec };
}

function fromQuery(query: BoundQuery, alias: string, shown: string | undefined): Relation {
  const source = shown === undefined ? {} : { source: shown };
  const rows = { ...query.rows, columns: query.rows.columns.map((column) => ({ ...column, ...source })) };
  const columns = rows.columns.map((column) => ({
    column: reference(column),
    hidden: query.hidden.has(column.id) || isHidden(column.name),
    isKey: column.role === 'key',
  }));
  return {
    bound: { kind: 'subquery', alias, query, rows, windowSizeMs: query.windowSizeMs },
    scope: { alias, name: alias, columns },
    sources: query.sources,
    leftmost: query.leftmost,
  };
}

const isHidden = (name: string): boolean => isPseudoColumn(name) && !isWindowBound(name);
