import type { UserTransform } from '../../extensions/transforms.ts';
import { givenAs, takenAs } from '../../extensions/values.ts';
import type { ModelColumn } from '../../types/model.ts';
import type { Row, SqlType, Value } from '../../types/sql-type.ts';
import { parseParamType, substitute } from '../signature.ts';
import type { UserTransform as Definition } from './api.ts';
import { InvalidDefinition } from './build.ts';
import { watch, watchBatch } from './watch.ts';

/** A user's transform with its values converted and its calls timed. Throws `InvalidDefinition`. */
export function builtTransform(exported: object, path: string): UserTransform {
  const { name, doc, inputs, outputs, eval: code } = exported as Partial<Definition>;
  if (typeof name !== 'string' || !/^[A-Za-z_]\w*$/.test(name))
    throw new InvalidDefinition(`"${String(name)}" is no name of a transform`);
  if (typeof doc !== 'string') throw new InvalidDefinition(`${name} has no doc`);
  if (typeof code !== 'function') throw new InvalidDefinition(`${name} has no eval`);
  const taken = columnsOf(name, 'inputs', inputs);
  const given = columnsOf(name, 'outputs', outputs);
  const run = rowCode(code, taken, given);
  return {
    name: name.toUpperCase(),
    path,
    inputs: taken,
    outputs: given,
    apply: (rows) => watchBatch(() => rows.map(run)),
  };
}

function columnsOf(name: string, part: string, declared: unknown): ModelColumn[] {
  const entries = typeof declared === 'object' && declared !== null ? Object.entries(declared) : [];
  if (entries.length === 0) throw new InvalidDefinition(`${name} has no ${part}`);
  const seen = new Set<string>();
  return entries.map(([column, type]) => {
    if (seen.has(column.toUpperCase())) throw new InvalidDefinition(`${name} has ${column} twice among its ${part}`);
    seen.add(column.toUpperCase());
    return { name: column, type: typeIn(String(type), `${name}: ${column} of its ${part}`) };
  });
}

function typeIn(text: string, what: string): SqlType {
  let type: SqlType | undefined;
  try {
    type = substitute(parseParamType(text), new Map());
  } catch (error) {
    throw new InvalidDefinition(`${what}: ${(error as Error).message}`);
  }
  if (type === undefined) throw new InvalidDefinition(`${what}: ${text} is no whole type`);
  return type;
}

/** Calls the code for a row; what it throws, or gives of another type, is the row's error. */
function rowCode(
  code: Definition['eval'],
  inputs: readonly ModelColumn[],
  outputs: readonly ModelColumn[],
): (row: Row) => Row | Error {
  const give = inputs.map(({ name, type }) => ({ name, convert: givenAs(type) }));
  const take = outputs.map(({ name, type }) => ({ name, convert: takenAs(type) }));
  return (row) => {
    const given: Record<string, unknown> = {};
    for (const [i, { name, convert }] of give.entries()) {
      const value = row[i]!;
      given[name] = value === null || convert === undefined ? value : convert(value);
    }
    try {
      const made: unknown = watch(() => code(given));
      if (typeof made !== 'object' || made === null) throw new TypeError('it gave no object with its outputs');
      return take.map(({ name, convert }) => taken(name, () => convert((made as Record<string, unknown>)[name])));
    } catch (error) {
      return error instanceof Error ? error : new TypeError('it threw what is no Error');
    }
  };
}

function taken(name: string, convert: () => Value): Value {
  try {
    return convert();
  } catch (error) {
    throw new TypeError(`${name}: ${(error as Error).message}`);
  }
}
