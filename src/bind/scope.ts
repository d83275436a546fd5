import { SqlError } from '../diagnostics/sql-error.ts';
import type { BoundColumn, ColumnId } from '../expressions/node.ts';
import type { ColumnNode, Name } from '../syntax/expressions.ts';
import { isPseudoColumn } from '../types/schema.ts';
import { closest } from '../util/closest.ts';

/** A column that expressions may name. */
export interface ScopeColumn {
  /** The column that the name resolves to. */
  readonly column: BoundColumn;
  /** Left out of `SELECT *` and of suggestions. */
  readonly hidden: boolean;
  readonly isKey: boolean;
}
export interface ScopeSource {
  readonly alias: string;
  readonly name: string;
  readonly columns: readonly ScopeColumn[];
}

/** An alias that no user can write. */
const syntheticAlias = '';

/** The names that an expression can use, by source. */
export class Scope {
  readonly sources: readonly ScopeSource[];

  constructor(sources: readonly ScopeSource[]) {
    this.sources = sources;
  }

  /** The scope with added columns that belong to no source: key columns made by a join. */
  withSynthetic(keys: readonly BoundColumn[]): Scope {
    if (keys.length === 0) return this;
    const columns = keys.map((column) => ({ column, hidden: true, isKey: true }));
    return new Scope([...this.sources, { alias: syntheticAlias, name: syntheticAlias, columns }]);
  }

  /** The scope with one more source. */
  withSource(source: ScopeSource): Scope {
    return new Scope([...this.sources, source]);
  }

  /** The scope with more columns in its first source. */
  withColumns(columns: readonly ScopeColumn[]): Scope {
    const [first, ...others] = this.sources;
    return new Scope([{ ...first!, columns: [...first!.columns, ...columns] }, ...others]);
  }

  /** Whether a source has a column of the name, whatever its qualifier. */
  has({ name }: ColumnNode): boolean {
    return this.sources.some(({ columns }) => columns.some(({ column }) => column.name === name.text));
  }

  resolve(node: ColumnNode): BoundColumn {
    const { qualifier, name } = node;
    const candidates = this.#candidates(qualifier);
    const matches = candidates.flatMap((source) =>
      source.columns.filter(({ column }) => column.name === name.text).map(({ column }) => ({ source, column })),
    );
    const [only] = matches;
    if (only === undefined) throw this.#notFound(node, candidates);
    if (matches.length > 1) {
      throw new SqlError('AMBIGUOUS_COLUMN', node.span, {
        column: name.text,
        candidates: matches.map(({ source }) => `${source.alias}.${name.text}`),
      });
    }
    return only.column;
  }

  #candidates(qualifier: Name | undefined): readonly ScopeSource[] {
    if (qualifier === undefined) return this.sources;
    return [this.source(qualifier)];
  }

  /** The source with this alias, or with this name when it has no alias. */
  source(qualifier: Name): ScopeSource {
    const source =
      this.sources.find(({ alias }) => alias === qualifier.text) ??
      this.sources.find(({ name }) => name === qualifier.text);
    if (source === undefined)
      throw new SqlError('SOURCE_ALIAS_NOT_FOUND', qualifier.span, {
        alias: qualifier.text,
        candidates: this.sources.map(({ alias }) => alias),
      });
    return source;
  }

  #notFound(node: ColumnNode, candidates: readonly ScopeSource[]): SqlError {
    const names = candidates.flatMap(({ columns }) =>
      columns.filter(({ hidden }) => !hidden).map(({ column }) => column.name),
    );
    const text = node.qualifier === undefined ? node.name.text : `${node.qualifier.text}.${node.name.text}`;
    return new SqlError('COLUMN_NOT_FOUND', node.span, {
      column: text,
      candidates: names,
      suggestion: closest(node.name.text, names),
    });
  }

  /** Whether several sources have a column of this name: such output columns are prefixed by their alias. */
  isShared(name: string): boolean {
    return isPseudoColumn(name)
      ? this.sources.length > 1
      : this.sources.filter(({ columns }) => columns.some(({ column }) => column.name === name)).length > 1;
  }

  /** The source of a column; undefined for a column that the query makes itself, such as a join's key. */
  find(id: ColumnId): { source: ScopeSource; column: ScopeColumn } | undefined {
    for (const source of this.sources) {
      if (source.alias === syntheticAlias) continue;
      const column = source.columns.find((candidate) => candidate.column.id === id);
      if (column !== undefined) return { source, column };
    }
    return undefined;
  }
}

/** A scope without columns, for INSERT … VALUES and constants. */
export const emptyScope = new Scope([]);
