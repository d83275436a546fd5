import { aliases } from './aliases.ts';
import { aggregateFunctions } from './aggregate/index.ts';
import type { AggregateFunction, ScalarFunction, SqlFunction, TableFunction } from './define.ts';
import { scalarFunctions } from './scalar/index.ts';
import { tableFunctions } from './table/index.ts';

const all = new Map<string, SqlFunction>();
for (const fn of [...scalarFunctions, ...aggregateFunctions, ...tableFunctions]) all.set(fn.name, fn);

const own = new Set(all.keys());

/** Registers a user-defined function. Replaces one loaded from the same file before, but never a built-in one. */
export function registerFunction(added: SqlFunction): void {
  const known = all.get(added.name);
  if (own.has(added.name)) throw new TypeError(`${added.name} is a function of Millrace`);
  if (known !== undefined && known.path !== added.path)
    throw new TypeError(`${added.name} is defined in ${known.path ?? ''} too`);
  all.set(added.name, added);
}
export const isUserFunction = (name: string): boolean => all.has(name) && !own.has(name);

/** The function of an upper-case name, ours or another dialect's, or undefined. */
export function findFunction(name: string): SqlFunction | undefined {
  return all.get(name) ?? all.get(aliases.get(name) ?? '');
}
export function findScalar(name: string): ScalarFunction | undefined {
  const fn = findFunction(name);
  return fn?.kind === 'scalar' ? fn : undefined;
}
export function findAggregate(name: string): AggregateFunction | undefined {
  const fn = findFunction(name);
  return fn?.kind === 'aggregate' ? fn : undefined;
}
export function findTableFunction(name: string): TableFunction | undefined {
  const fn = findFunction(name);
  return fn?.kind === 'table' ? fn : undefined;
}
export function functionNames(): string[] {
  return [...all.keys()].sort();
}
