import { aggregateFunctions } from './aggregate/index.ts';
import type { AggregateFunction, ScalarFunction, SqlFunction, TableFunction } from './define.ts';
import { scalarFunctions } from './scalar/index.ts';
import { tableFunctions } from './table/index.ts';

const all = new Map<string, SqlFunction>();
for (const each of [...scalarFunctions, ...aggregateFunctions, ...tableFunctions]) all.set(each.name, each);

const own = new Set(all.keys());

/** Adds a user's function; one that was loaded before from the same file is replaced, one of ours never. */
export function registerFunction(added: SqlFunction): void {
  const known = all.get(added.name);
  if (own.has(added.name)) throw new TypeError(`${added.name} is a function of Millrace`);
  if (known !== undefined && known.path !== added.path)
    throw new TypeError(`${added.name} is defined in ${known.path ?? ''} too`);
  all.set(added.name, added);
}
export const isUserFunction = (name: string): boolean => all.has(name) && !own.has(name);

/** The function of a name, in upper case, or undefined. */
export function findFunction(name: string): SqlFunction | undefined {
  return all.get(name);
}
export function findScalar(name: string): ScalarFunction | undefined {
  const found = all.get(name);
  return found?.kind === 'scalar' ? found : undefined;
}
export function findAggregate(name: string): AggregateFunction | undefined {
  const found = all.get(name);
  return found?.kind === 'aggregate' ? found : undefined;
}
export function findTableFunction(name: string): TableFunction | undefined {
  const found = all.get(name);
  return found?.kind === 'table' ? found : undefined;
}
export function functionNames(): string[] {
  return [...all.keys()].sort();
}
