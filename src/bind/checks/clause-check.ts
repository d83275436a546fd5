import type { QueryNode } from '../../syntax/query.ts';
import type { BindOptions } from '../context.ts';

/**
 * A check of a query's clauses that needs no resolved names. `isGrouped`: the query has GROUP BY, or all its rows form one
 * group.
 */
export type ClauseCheck = (query: QueryNode, options: BindOptions, isGrouped: boolean) => void;
