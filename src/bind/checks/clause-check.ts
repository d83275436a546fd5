import type { QueryNode } from '../../syntax/query.ts';
import type { BindOptions } from '../context.ts';

/** What must hold of a query's clauses whatever its names mean. `isGrouped`: by GROUP BY, or all rows as one group. */
export type ClauseCheck = (query: QueryNode, options: BindOptions, isGrouped: boolean) => void;
