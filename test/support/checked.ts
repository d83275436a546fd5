import { rowsOf, type Batch } from '../../src/runtime/batch.ts';
import { rowText, type Change } from '../../src/runtime/change.ts';
import type { Operator } from '../../src/runtime/operator.ts';
import { typeText, type SqlType, type Value, type Row } from '../../src/types/sql-type.ts';
import { InternalError } from '../../src/util/internal-error.ts';

/**
 * What the changes of an operator say of the rows before them:
 * - `appends`: nothing, it is a stream;
 * - `latest`: nothing, though it is a table: nobody asked;
 * - `once`: nothing, and no row comes twice: each window's is final;
 * - `rows`: what was given before for that key and window;
 * - `moves`: a row that was given before under that key, of which there may be several.
 */
export type BeforeRule = 'appends' | 'latest' | 'once' | 'rows' | 'moves';

/** What an operator is held to. */
export interface Contract {
  readonly name: string;
  readonly before: BeforeRule;
  /** Whether it began with no state, so that a key that was not seen has no row. */
  readonly fresh: boolean;
  /** The inputs whose changes are its own, to be changed in place. */
  readonly owns: readonly boolean[];
  /** Whether its rows may be those of an earlier micro-batch, under new numbers. */
  readonly isLate?: boolean;
  /** Whether every change that it gives is a new one, or one that it owns. */
  readonly makes: boolean;
  /** The types of a row's columns; undefined where rows are not known. */
  readonly types: readonly SqlType[] | undefined;
}

/** What was found since the last look, so that a test fails also where the product takes the error for a query's own. */
export const violations: string[] = [];

/**
 * Holds an operator to its contract (`src/runtime/operator.ts`): what it gives is in order of sequence and caused by what it was
 * given, `before` and `after` agree, rows have the types of their columns, nothing is changed that is not its own. Every row that
 * it gives is frozen, so that a later change of one fails where it is made.
 */
export function checked(operator: Operator, contract: Contract): Operator {
  const watch = new Watch(contract);
  return {
    process(batches) {
      const inputs = batches.map(rowsOf);
      if (inputs.some((list) => list.some((change) => fromCurrent.has(change))))
        return marked(operator.process(batches) as Batch);
      const last = watch.given(inputs);
      const copies = inputs.map((list, i) => (contract.owns[i] === true ? undefined : list.map(fieldsOf)));
      const passed = contract.makes ? undefined : new Set(inputs.flat());
      const end = (batch: Batch): Batch => {
        inputs.forEach((list, i) => {
          if (copies[i]?.every((fields, at) => sameFields(fields, list[at]!)) === false)
            watch.fail(`changed a change of input ${i} in place, which is not its own`);
        });
        return watch.gives(batch, contract.isLate === true ? Infinity : last, passed);
      };
      const result = operator.process(batches);
      return result instanceof Promise ? result.then(end) : end(result);
    },
    ...(operator.drain && { drain: () => watch.drains(operator.drain!()) }),
    ...(operator.closeIdle && { closeIdle: () => watch.gives(operator.closeIdle!(), Infinity, undefined) }),
    ...(operator.tick && { tick: () => watch.gives(operator.tick!(), Infinity, undefined) }),
    ...(operator.keep && { keep: () => operator.keep!() }),
    ...(operator.valuesAt && { valuesAt: (key, time) => operator.valuesAt!(key, time) }),
    ...(operator.current && {
      current: function* (key?: Row) {
        for (const change of operator.current!(key)) {
          fromCurrent.add(change);
          yield change;
        }
      },
    }),
  };
}

/** Rows of a table as they are now, for pull queries: they are no changes of it, nor is what the steps behind make of them. */
const fromCurrent = new WeakSet<Change>();
function marked(batch: Batch): Batch {
  for (const change of rowsOf(batch)) fromCurrent.add(change);
  return batch;
}

class Watch {
  readonly #contract: Contract;
  /** The last row of each key and window as text; for moves, those that are there. */
  readonly #rows = new Map<string, string[]>();
  readonly #given = new WeakSet<Change>();

  constructor(contract: Contract) {
    this.#contract = contract;
  }

  fail(what: string): never {
    const message = `${this.#contract.name} ${what}`;
    violations.push(message);
    throw new InternalError(message);
  }

  /** The highest sequence of the inputs, which must be in order. */
  given(inputs: readonly (readonly Change[])[]): number {
    let highest = -Infinity;
    inputs.forEach((list, i) => {
      let last = -Infinity;
      for (const { sequence } of list) {
        if (sequence < last) this.fail(`was given input ${i} out of order: ${sequence} behind ${last}`);
        last = sequence;
      }
      highest = Math.max(highest, last);
    });
    return highest;
  }

  /** `most`: no sequence is above it; `passed`: what may be handed on as it is. */
  gives(batch: Batch, most: number, passed: ReadonlySet<Change> | undefined): Batch {
    let last = -Infinity;
    for (const change of rowsOf(batch)) {
      if (change.sequence < last) this.fail(`gave ${change.sequence} behind ${last}`);
      if (change.sequence > most) this.fail(`gave ${change.sequence}, which is above all it was given`);
      last = change.sequence;
      if (passed?.has(change) !== true) {
        if (this.#given.has(change)) this.fail('gave one change twice');
        this.#given.add(change);
      }
      this.#check(change);
    }
    return batch;
  }

  *drains(pieces: Iterable<Batch>): Iterable<Batch> {
    let last = -Infinity;
    for (const piece of pieces) {
      this.gives(piece, Infinity, undefined);
      for (const { sequence } of rowsOf(piece)) {
        if (sequence < last) this.fail(`drained ${sequence} behind ${last}`);
        last = sequence;
      }
      yield piece;
    }
  }

  #check(change: Change): void {
    freeze(change.key);
    for (const row of [change.before, change.after]) {
      if (row === undefined) continue;
      freeze(row);
      this.#checkTypes(row);
    }
    const { before: rule } = this.#contract;
    if (rule === 'rows') this.#checkRow(change);
    else if (rule === 'moves') this.#checkMove(change);
    else if (change.before !== undefined) this.fail(`gave a row's before, which nobody asked for: ${show(change)}`);
    if (rule === 'once') {
      const key = rowText(change);
      if (this.#rows.has(key)) this.fail(`gave a final row twice: ${show(change)}`);
      this.#rows.set(key, []);
    }
  }

  #checkRow(change: Change): void {
    const key = rowText(change);
    const held = this.#rows.get(key);
    const before = change.before && text(change.before);
    const known = held !== undefined || this.#contract.fresh;
    if (known && before !== held?.[0])
      this.fail(`gave a before that it did not give last: ${show(change)}, last ${held?.[0] ?? 'nothing'}`);
    this.#rows.set(key, change.after === undefined ? [] : [text(change.after)]);
  }

  #checkMove(change: Change): void {
    const key = rowText(change);
    let held = this.#rows.get(key);
    if (held === undefined) this.#rows.set(key, (held = []));
    if (change.before !== undefined) {
      const at = held.indexOf(text(change.before));
      if (at >= 0) held.splice(at, 1);
      else if (this.#contract.fresh)
        this.fail(`took back what it did not give: ${show(change)}, there ${String(held)}`);
    }
    if (change.after !== undefined) held.push(text(change.after));
  }

  #checkTypes(row: Row): void {
    const { types } = this.#contract;
    if (types === undefined) return;
    if (row.length !== types.length) this.fail(`gave ${row.length} columns and has ${types.length}: ${text(row)}`);
    types.forEach((type, i) => {
      if (!fits(row[i], type)) this.fail(`gave ${text(row[i])} for column ${i + 1}, ${typeText(type)}`);
    });
  }
}

const fieldsOf = (change: Change): readonly unknown[] => Object.values(change);
const sameFields = (fields: readonly unknown[], change: Change): boolean =>
  fieldsOf(change).every((value, i) => Object.is(value, fields[i]));

const show = (change: Change): string => text({ ...change, headers: undefined });
function text(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) => {
    if (typeof item === 'bigint') return `${item}n`;
    if (item instanceof Map) return [...(item as ReadonlyMap<unknown, unknown>)];
    if (typeof item === 'number' && !Number.isFinite(item)) return String(item);
    return item;
  });
}

/** Freezes what the language can freeze: arrays in arrays and Maps; not bytes and not Maps themselves. */
function freeze(value: unknown): void {
  if (Array.isArray(value)) {
    if (Object.isFrozen(value)) return;
    Object.freeze(value);
    value.forEach(freeze);
  } else if (value instanceof Map) {
    for (const [key, item] of value as ReadonlyMap<unknown, unknown>) {
      freeze(key);
      freeze(item);
    }
  }
}

/** Whether a value is one of a type, as `sql-type.ts` has them. */
function fits(value: Value | undefined, type: SqlType): boolean {
  if (value === undefined) return false;
  if (value === null) return true;
  switch (type.kind) {
    case 'BOOLEAN':
      return typeof value === 'boolean';
    case 'INTEGER':
    case 'DATE':
    case 'TIME':
      return Number.isInteger(value);
    case 'TIMESTAMP':
    case 'BIGINT':
    case 'DECIMAL':
      return typeof value === 'bigint' ? !Number.isSafeInteger(Number(value)) : Number.isSafeInteger(value);
    case 'DOUBLE':
      return typeof value === 'number';
    case 'STRING':
      return typeof value === 'string';
    case 'BYTES':
      return Buffer.isBuffer(value);
    case 'ARRAY':
      return Array.isArray(value) && (value as Value[]).every((element) => fits(element, type.element));
    case 'MAP':
      return (
        value instanceof Map &&
        [...(value as Map<Value, Value>)].every(([key, item]) => fits(key, type.key) && fits(item, type.value))
      );
    case 'STRUCT':
      return (
        Array.isArray(value) &&
        value.length === type.fields.length &&
        (value as Value[]).every((field, i) => fits(field, type.fields[i]!.type))
      );
  }
}
