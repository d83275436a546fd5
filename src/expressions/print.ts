import { typeText } from '../types/sql-type.ts';
import { valueText } from '../types/text.ts';
import { literalValue, type AnyColumn, type ExprOf } from './node.ts';

/** The expression as SQL text, for EXPLAIN and the processing log. */
export function printExpr(expr: ExprOf<AnyColumn>): string {
  const list = (exprs: readonly ExprOf<AnyColumn>[]): string => exprs.map(printExpr).join(', ');
  switch (expr.kind) {
    case 'literal':
      if (expr.value === null) return 'NULL';
      return typeof expr.value === 'string' && expr.type.kind === 'STRING'
        ? `'${expr.value.replaceAll("'", "''")}'`
        : valueText(expr.type, literalValue(expr));
    case 'column':
      return columnName(expr);
    case 'lambdaVariable':
      return expr.name;
    case 'call':
      return `${expr.fn}(${list(expr.args)})`;
    case 'arithmetic':
    case 'compare':
    case 'logic':
      return `(${printExpr(expr.left)} ${expr.op} ${printExpr(expr.right)})`;
    case 'negate':
      return `-${printExpr(expr.operand)}`;
    case 'not':
      return `NOT ${printExpr(expr.operand)}`;
    case 'isNull':
      return `(${printExpr(expr.operand)} IS ${expr.negated ? 'NOT ' : ''}NULL)`;
    case 'distinct':
      return `(${printExpr(expr.left)} IS ${expr.negated ? 'NOT ' : ''}DISTINCT FROM ${printExpr(expr.right)})`;
    case 'in':
      return `(${printExpr(expr.operand)} IN (${list(expr.items)}))`;
    case 'like':
      return `(${printExpr(expr.operand)} ${expr.ignoresCase === true ? 'ILIKE' : 'LIKE'} ${printExpr(expr.pattern)})`;
    case 'case':
      return `CASE ${expr.whens.map(({ when, then }) => `WHEN ${printExpr(when)} THEN ${printExpr(then)}`).join(' ')} ELSE ${printExpr(expr.otherwise)} END`;
    case 'cast':
      return `${expr.isTry === true ? 'TRY_CAST' : 'CAST'}(${printExpr(expr.operand)} AS ${typeText(expr.type)})`;
    case 'subscript':
      return `${printExpr(expr.operand)}[${printExpr(expr.index)}]`;
    case 'field':
      return `${printExpr(expr.operand)}->${expr.field}`;
    case 'array':
      return `ARRAY[${list(expr.items)}]`;
    case 'map':
      return `MAP(${expr.entries.map(({ key, value }) => `${printExpr(key)} := ${printExpr(value)}`).join(', ')})`;
    case 'struct':
      return `STRUCT(${list(expr.fields)})`;
    case 'lambda':
      return `(${expr.params.join(', ')}) => ${printExpr(expr.body)}`;
    case 'unit':
      return expr.unit;
  }
}

/** A column's name, qualified by its source where the query has several. */
export const columnName = (column: { readonly name: string; readonly source?: string | undefined }): string =>
  column.source === undefined ? column.name : `${column.source}.${column.name}`;
