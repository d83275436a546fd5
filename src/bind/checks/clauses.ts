import { SqlError } from '../../diagnostics/sql-error.ts';
import type { QueryNode } from '../../syntax/query.ts';
import type { BindOptions } from '../context.ts';

type Check = (query: QueryNode, options: BindOptions, isGrouped: boolean) => void;

/** LIMIT ends a query, which one that runs on or feeds another does not. */
const limit: Check = (query, { purpose }) => {
  if (query.limit === undefined) return;
  if (purpose === 'persistent') throw new SqlError('LIMIT_NOT_ALLOWED', query.span, {});
  if (purpose === 'part') throw new SqlError('SUBQUERY_LIMIT', query.span, {});
};

/** Only a query that ends can give its rows in an order. */
const orderBy: Check = (query, { purpose }) => {
  if (query.orderBy.length > 0 && (purpose !== 'pull' || query.emit !== undefined))
    throw new SqlError('ORDER_BY_MISPLACED', query.orderBy[0]!.expression.span, {});
};

const partitionOrGroup: Check = (query) => {
  if (query.partitionBy !== undefined && query.groupBy !== undefined)
    throw new SqlError('PARTITION_AND_GROUP', query.partitionBy[0]?.span ?? query.span, {});
};

/** Only a window ends, so only its rows can be final. */
const emitFinal: Check = (query, { suppressEnabled }, isGrouped) => {
  if (query.emit !== 'FINAL') return;
  if (query.window === undefined || !isGrouped) throw new SqlError('EMIT_FINAL_INVALID', query.span, {});
  if (!suppressEnabled) throw new SqlError('EMIT_FINAL_DISABLED', query.span, {});
};

const windowNeedsGroup: Check = (query, _options, isGrouped) => {
  if (!isGrouped && query.window !== undefined) throw new SqlError('WINDOW_WITHOUT_GROUP_BY', query.window.span, {});
};

const havingNeedsGroup: Check = (query, _options, isGrouped) => {
  if (!isGrouped && query.having !== undefined) throw new SqlError('HAVING_WITHOUT_GROUP_BY', query.having.span, {});
};

/** What is wrong whatever the names mean, in the order in which it is said. */
export const clauseChecks: readonly Check[] = [limit, orderBy, partitionOrGroup, emitFinal];
/** Said after what WHERE has wrong. */
export const ungroupedChecks: readonly Check[] = [windowNeedsGroup, havingNeedsGroup];
