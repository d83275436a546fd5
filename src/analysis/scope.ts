import type { Span } from '../diagnostics/source.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import { column, type Expr } from '../expressions/node.ts';
import type { ColumnNode, Name } from '../syntax/expressions.ts';
import { isPseudoColumn } from '../types/schema.ts';
import type { SqlType } from '../types/sql-type.ts';
import { closest } from '../util/closest.ts';

/** A column that expressions may name. */
export interface ScopeColumn {
  /** The name users write. */
  readonly name: string;
  /** The name in the plan's rows, which joins prefix with the source's alias. */
  readonly internal: string;
  readonly type: SqlType;
  /** Left out of `SELECT *` and of suggestions. */
  readonly hidden: boolean;
  readonly isKey: boolean;
}
export interface ScopeSource {
  readonly alias: string;
  readonly name: string;
  readonly columns: readonly ScopeColumn[];
}

/** No user can write this alias. */
const syntheticAlias = '';

/** The names that an expression can use, by source. */
export class Scope {
  readonly sources: readonly ScopeSource[];

  constructor(sources: readonly ScopeSource[]) {
    this.sources = sources;
  }

  /** With columns that no source has: the keys that a join makes. */
  withSynthetic(keys: readonly Pick<ScopeColumn, 'name' | 'type'>[]): Scope {
    if (keys.length === 0) return this;
    const columns = keys.map(({ name, type }) => ({ name, internal: name, type, hidden: true, isKey: true }));
    return new Scope([...this.sources, { alias: syntheticAlias, name: syntheticAlias, columns }]);
  }
  /** Whether a source has this internal name. */
  has(internal: string): boolean {
    return this.sources.some(
      ({ alias, columns }) => alias !== syntheticAlias && columns.some((each) => each.internal === internal),
    );
  }

  resolve(node: ColumnNode): Expr {
    const { qualifier, name } = node;
    const candidates = this.#candidates(qualifier);
    const found = candidates.flatMap((source) =>
      source.columns.filter((each) => each.name === name.text).map((each) => ({ source, each })),
    );
    if (found.length === 0) throw this.#notFound(node, candidates);
    if (found.length > 1) {
      throw new SqlError('AMBIGUOUS_COLUMN', node.span, {
        column: name.text,
        candidates: found.map(({ source }) => `${source.alias}.${name.text}`),
      });
    }
    return column(found[0]!.each.internal, found[0]!.each.type);
  }

  #candidates(qualifier: Name | undefined): readonly ScopeSource[] {
    if (qualifier === undefined) return this.sources;
    return [this.source(qualifier)];
  }

  /** A source by its alias, or by its name when it has no other alias. */
  source(qualifier: Name): ScopeSource {
    const found =
      this.sources.find(({ alias }) => alias === qualifier.text) ??
      this.sources.find(({ name }) => name === qualifier.text);
    if (found === undefined)
      throw new SqlError('SOURCE_ALIAS_NOT_FOUND', qualifier.span, {
        alias: qualifier.text,
        candidates: this.sources.map(({ alias }) => alias),
      });
    return found;
  }

  #notFound(node: ColumnNode, candidates: readonly ScopeSource[]): SqlError {
    const names = candidates.flatMap(({ columns }) => columns.filter(({ hidden }) => !hidden).map(({ name }) => name));
    const text = node.qualifier === undefined ? node.name.text : `${node.qualifier.text}.${node.name.text}`;
    return new SqlError('COLUMN_NOT_FOUND', node.span, {
      column: text,
      candidates: names,
      suggestion: closest(node.name.text, names),
    });
  }

  /** Whether a name stands in more than one source: such output columns are prefixed by their alias. */
  isShared(name: string): boolean {
    return isPseudoColumn(name)
      ? this.sources.length > 1
      : this.sources.filter(({ columns }) => columns.some((each) => each.name === name)).length > 1;
  }

  /** The source and column of an internal name. */
  find(internal: string): { source: ScopeSource; column: ScopeColumn } | undefined {
    for (const source of this.sources) {
      const found = source.columns.find((each) => each.internal === internal);
      if (found !== undefined) return { source, column: found };
    }
    return undefined;
  }
}

/** No columns at all: INSERT … VALUES and constants. */
export const emptyScope = new Scope([]);

export type { Span };
