import { resolveType } from '../bind/resolve-type.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import type { CreateType, DropType } from '../syntax/statements/types.ts';
import { closest } from '../util/closest.ts';
import { currentStatus, warning, type Handler } from './handler.ts';

export const createType: Handler<CreateType> = async (statement, { engine, text, distribute }) => {
  const name = statement.name.text;
  if (engine.catalog.types.has(name)) {
    if (statement.ifNotExists) return warning(text, `${name} is already registered`);
    throw new SqlError('SOURCE_EXISTS', statement.name.span, { kind: 'type', name });
  }
  const number = await distribute({
    v: 1,
    kind: 'createType',
    name,
    type: resolveType(statement.type, engine.catalog.types),
  });
  return currentStatus(text, `type/${name}/create`, `Registered custom type with name '${name}'`, number);
};

export const dropType: Handler<DropType> = async (statement, { engine, text, distribute }) => {
  const name = statement.name.text;
  if (!engine.catalog.types.has(name)) {
    if (statement.ifExists) return warning(text, `Type '${name}' does not exist`);
    throw new SqlError('TYPE_NOT_FOUND', statement.name.span, {
      name,
      suggestion: closest(name, engine.catalog.types.keys()),
    });
  }
  const number = await distribute({ v: 1, kind: 'dropType', name });
  return currentStatus(text, `type/${name}/drop`, `Type '${name}' was dropped.`, number);
};
