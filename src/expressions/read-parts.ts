import { readWhole, joinedParts, type ReadPart } from '../types/read-part.ts';
import { children, type BoundExpr, type ColumnId } from './node.ts';

/** What expressions read of each column: fields of a STRUCT by `->`, and of all elements of an ARRAY or MAP by `[ ]`. */
export type ReadParts = ReadonlyMap<ColumnId, ReadPart>;

export const partsIn = (exprs: readonly BoundExpr[]): ReadParts => partsBehind(exprs.map((expr) => [expr, readWhole]));

/** The same where only a part of an expression's value is read. */
export function partsBehind(exprs: Iterable<readonly [BoundExpr, ReadPart]>): ReadParts {
  const parts = new Map<ColumnId, ReadPart>();
  for (const [expr, part] of exprs) collect(expr, part, parts);
  return parts;
}

function collect(expr: BoundExpr, part: ReadPart, parts: Map<ColumnId, ReadPart>): void {
  switch (expr.kind) {
    case 'column': {
      const known = parts.get(expr.id);
      parts.set(expr.id, known === undefined ? part : joinedParts(known, part));
      return;
    }
    case 'field':
      collect(expr.operand, { fields: [[expr.field, part]] }, parts);
      return;
    case 'subscript':
      collect(expr.operand, partOfSubscript(expr, part), parts);
      collect(expr.index, readWhole, parts);
      return;
    default:
      for (const child of children(expr)) collect(child, readWhole, parts);
  }
}

/** Places of an ARRAY count from 1, or from its end when they are negative. */
function partOfSubscript({ operand, index }: Extract<BoundExpr, { kind: 'subscript' }>, part: ReadPart): ReadPart {
  if (operand.type.kind === 'ARRAY' && index.kind === 'literal' && Number(index.value) > 0)
    return { elements: part, first: Number(index.value) };
  return part === readWhole ? readWhole : { elements: part };
}

/** What two readers read together. */
export function joinedReads(left: ReadParts, right: ReadParts): ReadParts {
  const joined = new Map(left);
  for (const [id, part] of right) {
    const known = joined.get(id);
    joined.set(id, known === undefined ? part : joinedParts(known, part));
  }
  return joined;
}
