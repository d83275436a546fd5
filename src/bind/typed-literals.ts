import { SqlError } from '../diagnostics/sql-error.ts';
import { literal, type BoundExpr } from '../expressions/node.ts';
import type { ExpressionNode } from '../syntax/expressions.ts';
import { parseDecimal } from '../types/decimals.ts';
import { canonical } from '../types/numbers.ts';
import { STRING } from '../types/sql-type.ts';
import { withT } from '../types/times.ts';
import { isTimeKind, readLiteral } from './coerce.ts';

/** `DECIMAL '1.50'`, `DATE '2024-02-29'`, `TIME '10:20'`, `TIMESTAMP '2024-02-29 10:20:30.456'`. */
export function typedLiteral(node: Extract<ExpressionNode, { kind: 'typed' }>): BoundExpr {
  if (isTimeKind(node.type)) {
    const text = node.type === 'TIMESTAMP' ? withT(node.text) : node.text;
    return readLiteral(literal(STRING, text), { kind: node.type }, node.span);
  }
  const parsed = node.type === 'DECIMAL' ? parseDecimal(node.text.trim()) : undefined;
  if (parsed === undefined) throw new SqlError('LITERAL_CONVERSION', node.span, { text: node.text, type: node.type });
  const digits = parsed.unscaled.toString().replace('-', '').length;
  return literal(
    { kind: 'DECIMAL', precision: Math.max(digits, parsed.scale), scale: parsed.scale },
    canonical(parsed.unscaled),
  );
}
