import { SqlError } from '../diagnostics/sql-error.ts';
import { isWritable, tombstoneOf } from '../engine/insert-values.ts';
import { conjunctsOf, type ExpressionNode } from '../syntax/expressions.ts';
import type { DeleteRow } from '../syntax/statements/delete.ts';
import { keyColumns } from '../types/schema.ts';
import { closest } from '../util/closest.ts';
import { entity, type Handler } from './handler.ts';

/** DELETE FROM table WHERE key = value [AND …]: writes a tombstone for one key, whether or not the row exists. */
export const deleteRow: Handler<DeleteRow> = async (statement, { engine, text }) => {
  const name = statement.table.text;
  const source = engine.catalog.sources.get(name);
  if (source === undefined)
    throw new SqlError('SOURCE_NOT_FOUND', statement.table.span, {
      name,
      suggestion: closest(name, engine.catalog.sources.keys()),
    });
  const { spec } = source;
  const refuse = (why: string): never => {
    throw new SqlError('DELETE_REFUSED', statement.where.span, { why });
  };
  if (spec.kind === 'STREAM') refuse(`"${name}" is a stream, and what was said cannot be unsaid`);
  if (!isWritable(source)) throw new SqlError('SOURCE_READ_ONLY', statement.table.span, { name });
  if (spec.window !== undefined) refuse(`"${name}" is windowed`);
  const keys = keyColumns(spec.schema);
  const values = new Map<string, ExpressionNode>();
  for (const part of conjunctsOf(statement.where)) {
    const pair =
      part.kind === 'compare' && part.op === '='
        ? part.left.kind === 'column'
          ? ([part.left.name.text, part.right] as const)
          : part.right.kind === 'column'
            ? ([part.right.name.text, part.left] as const)
            : undefined
        : undefined;
    if (pair === undefined || !keys.some((key) => key.name === pair[0]) || values.has(pair[0]))
      return refuse(`WHERE must give each key column one value: ${keys.map((key) => `${key.name} = …`).join(' AND ')}`);
    values.set(...pair);
  }
  const missing = keys.find((key) => !values.has(key.name));
  if (missing !== undefined) refuse(`WHERE does not say which ${missing.name}`);
  const record = tombstoneOf(spec, values, engine.catalog.types, statement.where.span);
  await engine.node.produce(spec.topic, [record]);
  return entity('row_deleted', text, { table: name });
};
