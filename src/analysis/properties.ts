import type { Span } from '../diagnostics/source.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import type { PropertyNode } from '../syntax/query.ts';
import { closest } from '../util/closest.ts';

/** The properties of a WITH clause, each read with its type; a name that is not allowed is refused at once. */
export class Properties {
  readonly #byName: ReadonlyMap<string, PropertyNode>;
  readonly #span: Span;

  constructor(nodes: readonly PropertyNode[], allowed: readonly string[], span: Span) {
    for (const { name, span: at } of nodes) {
      if (!allowed.includes(name))
        throw new SqlError('INVALID_PROPERTY', at, { name, suggestion: closest(name, allowed) });
    }
    this.#byName = new Map(nodes.map((node) => [node.name, node]));
    this.#span = span;
  }

  has(name: string): boolean {
    return this.#byName.has(name);
  }
  span(name: string): Span {
    return this.#byName.get(name)?.span ?? this.#span;
  }
  refuse(name: string, why: string): never {
    const value = this.#byName.get(name)?.value;
    throw new SqlError('INVALID_PROPERTY_VALUE', this.span(name), {
      name,
      value: typeof value === 'string' ? `'${value}'` : String(value),
      why,
    });
  }

  text(name: string): string | undefined {
    const value = this.#byName.get(name)?.value;
    if (value === undefined) return undefined;
    return typeof value === 'string' ? value : this.refuse(name, 'it must be a string');
  }
  requiredText(name: string): string {
    const value = this.text(name);
    if (value === undefined) throw new SqlError('PROPERTY_MISSING', this.#span, { name });
    return value;
  }
  /** A whole number, also as a string of digits. */
  integer(name: string, minimum = 1): number | undefined {
    const value = this.#byName.get(name)?.value;
    if (value === undefined) return undefined;
    const number = typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value;
    if (typeof number !== 'number' || !Number.isSafeInteger(number) || number < minimum)
      return this.refuse(name, `it must be a whole number of at least ${minimum}`);
    return number;
  }
  boolean(name: string): boolean | undefined {
    const value = this.#byName.get(name)?.value;
    if (value === undefined) return undefined;
    if (typeof value === 'boolean') return value;
    if (typeof value === 'string' && /^(true|false)$/i.test(value)) return value.toLowerCase() === 'true';
    return this.refuse(name, 'it must be true or false');
  }
}
