import { SqlError } from '../diagnostics/sql-error.ts';
import type { SourceObject } from '../catalog/catalog.ts';
import type { BoundQuery, BoundSource } from '../bound/query.ts';
import { reference, type RowColumn } from '../bound/rows.ts';
import type { SourceSpec } from '../specs/source.ts';
import type { QueryNode, SourceNode } from '../syntax/query.ts';
import { isPseudoColumn, isWindowBound, pseudoColumns } from '../types/schema.ts';
import { requireSource, type ColumnIds, type QueryBinder, type Relation } from './context.ts';

/** The relations of FROM and its joins; with joins their columns say which source they are of. */
export function bindFrom(query: QueryNode, binder: QueryBinder): Relation[] {
  const used = [query.from, ...query.joins.map((join) => join.source)];
  const aliases = used.map((source) => (source.alias ?? source.name).text);
  used.forEach(({ span }, i) => {
    if (aliases.indexOf(aliases[i]!) !== i) throw new SqlError('JOIN_SELF', span, { source: aliases[i]! });
  });
  return used.map((source, i) => {
    const alias = aliases[i]!;
    const shown = used.length > 1 ? alias : undefined;
    const inner = innerQuery(source, binder);
    return inner === undefined
      ? fromCatalog(requireSource(binder.catalog, source.name), alias, shown, binder.ids)
      : fromQuery(inner, alias, shown);
  });
}

function innerQuery(source: SourceNode, binder: QueryBinder): BoundQuery | undefined {
  if (source.query === undefined) return binder.named.get(source.name.text)?.();
  return binder.part(source.query);
}

/** Every column of a source, its pseudo columns after its own. */
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
  return { bound, scope: { alias, name, columns }, sources: [name], leftmost: object.spec };
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
