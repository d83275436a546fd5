import { absentOptions } from '../config/without-meaning.ts';
import type { Option, OptionTable, ValueOf } from '../config/option.ts';
import { noSpan, type Span } from '../diagnostics/source.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import type { PropertyNode } from '../syntax/query.ts';
import { closest } from '../util/closest.ts';

/** Typed access to some of the options of a WITH clause. */
export interface PropertiesOf<O extends Option> {
  has(name: O['name']): boolean;
  span(name: O['name']): Span;
  refuse(name: O['name'], why: string): never;
  read<N extends O['name']>(name: N): ValueOf<O, N>;
}

/**
 * The properties of a WITH clause, checked against a table of options: unknown names and invalid values are refused at once.
 */
export class Properties<O extends Option> implements PropertiesOf<O> {
  readonly #byName: ReadonlyMap<string, PropertyNode>;
  readonly #table: OptionTable<O>;
  readonly #span: Span;

  constructor(nodes: readonly PropertyNode[], table: OptionTable<O>, span: Span) {
    for (const { name, value, span: at } of nodes) {
      const why = absentOptions.get(name);
      if (why !== undefined) throw new SqlError('INVALID_PROPERTY_VALUE', at, { name, value: String(value), why });
      if (table.find(name) === undefined)
        throw new SqlError('INVALID_PROPERTY', at, { name, suggestion: closest(name, table.names) });
    }
    this.#byName = new Map(nodes.map((node) => [node.name, node]));
    this.#table = table;
    this.#span = span;
    for (const { name, value } of nodes) {
      const why = table.find(name)!.check(value);
      if (why !== undefined) this.refuse(name, why);
    }
  }

  has(name: O['name']): boolean {
    return this.#byName.has(name);
  }
  span(name: O['name']): Span {
    return this.#byName.get(name)?.span ?? this.#span;
  }
  refuse(name: O['name'], why: string): never {
    const value = this.#byName.get(name)?.value;
    // An error about a secret does not show the statement either.
    const isSecret = this.#table.find(name)?.secret === true;
    throw new SqlError('INVALID_PROPERTY_VALUE', isSecret ? noSpan : this.span(name), {
      name,
      value: isSecret ? '[hidden]' : typeof value === 'string' ? `'${value}'` : String(value),
      why,
    });
  }

  /** The value of an option, for its readers. */
  read<N extends O['name']>(name: N): ValueOf<O, N> {
    return this.#table.find(name)!.read(this.#byName.get(name)?.value) as ValueOf<O, N>;
  }
  required<N extends O['name']>(name: N): NonNullable<ValueOf<O, N>> {
    const value = this.read(name);
    if (value === undefined || value === null) throw new SqlError('PROPERTY_MISSING', this.#span, { name });
    return value;
  }
}
