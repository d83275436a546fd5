import { evaluateConstant } from '../../expressions/compile.ts';
import { isConstant } from '../../expressions/fold.ts';
import { callsIn, mapColumns, type BoundExpr } from '../../expressions/node.ts';
import { reference } from '../../bound/rows.ts';
import { findScalar, isUserFunction } from '../../functions/registry.ts';
import type { NearestSpec } from '../../specs/nearest.ts';
import type { SortOrder } from '../../types/compare.ts';
import type { SqlType } from '../../types/sql-type.ts';
import { withInputs, type LogicalNode } from '../logical/node.ts';

export const nearestName = 'nearest-rows';

/** Of the rows of a query that ends the first ones are wanted. */
export interface FirstRows extends SortOrder {
  /** The column of the first sort key: from the first one, or, if negative, from behind the last one. */
  readonly column: number;
  readonly limit: number;
}

/**
 * Takes into the source of a pull query that its rows are wanted in order of the nearness of a column's vector to a constant one, so
 * that it need not give all. Returns the same node where they are not.
 */
export function nearest(root: LogicalNode, { column, limit, ...order }: FirstRows): LogicalNode {
  const sortKey = root.columns.at(column);
  return (sortKey && below(root, reference(sortKey), { ...order, limit })) ?? root;
}

/** The node with it, for a sort key on its columns. */
function below(
  node: LogicalNode,
  sortKey: BoundExpr,
  wanted: Pick<NearestSpec, 'limit' | keyof SortOrder>,
): LogicalNode | undefined {
  if (node.kind === 'project') {
    const origin = new Map(node.exprs.map(({ id, expr }) => [id, expr]));
    const input = below(
      node.input,
      mapColumns(sortKey, (part) => origin.get(part.id)!),
      wanted,
    );
    return input && withInputs(node, [input]);
  }
  // Only a condition directly above the source is known to it.
  if (node.kind === 'filter' && node.input.kind === 'source' && !callsIn(node.predicate).some(isUserFunction)) {
    const input = below(node.input, sortKey, wanted);
    return input && withInputs(node, [input]);
  }
  if (node.kind !== 'source' || node.source.window !== undefined) return undefined;
  const measured = measure(sortKey);
  const slot = node.columns.findIndex(({ id }) => id === measured?.id);
  if (measured === undefined || slot < 0) return undefined;
  const { metric, vector } = measured;
  return {
    ...node,
    nearest: { column: node.reads[slot]!, metric, vector, ...wanted },
  };
}

/** What a sort key measures of a column and a constant; undefined when it is nothing of the kind. */
function measure(expr: BoundExpr): (Pick<NearestSpec, 'metric' | 'vector'> & { readonly id: number }) | undefined {
  if (expr.kind !== 'call') return undefined;
  const metric = findScalar(expr.fn)?.metric;
  if (metric === undefined) return undefined;
  const [left, right] = expr.args;
  const [column, constant] = left?.kind === 'column' ? [left, right] : [right, left];
  if (column?.kind !== 'column' || !isVector(column.type) || constant === undefined || !isConstant(constant))
    return undefined;
  const vector = evaluateConstant(constant) as readonly (number | null)[] | null | undefined;
  if (vector === undefined || vector === null || !areNumbers(vector)) return undefined;
  const length = Math.hypot(...vector);
  // The angle to a vector of zeros orders nothing, and beyond these lengths the table's vectors are not held as floats.
  const isFit = length === 0 ? metric === 'distance' || metric === 'product' : length >= 1e-11 && length <= 1e11;
  return isFit ? { metric, vector, id: column.id } : undefined;
}

const isVector = (type: SqlType): boolean => type.kind === 'ARRAY' && type.element.kind === 'DOUBLE';
const areNumbers = (vector: readonly (number | null)[]): vector is readonly number[] =>
  vector.length > 0 && vector.every((element) => Number.isFinite(element));
