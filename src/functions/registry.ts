import { aggregateFunctions } from './aggregate/index.ts';
import type { AggregateFunction, ScalarFunction, SqlFunction, TableFunction } from './define.ts';
import { scalarFunctions } from './scalar/index.ts';
import { tableFunctions } from './table/index.ts';

const all = new Map<string, SqlFunction>();
for (const each of [...scalarFunctions, ...aggregateFunctions, ...tableFunctions]) all.set(each.name, each);

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
