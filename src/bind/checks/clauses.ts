import type { ClauseCheck } from './clause-check.ts';
import { emitFinal } from './emit-final.ts';
import { havingNeedsGroup } from './having-needs-group.ts';
import { limit } from './limit.ts';
import { namedWindows } from './named-windows.ts';
import { orderBy } from './order-by.ts';
import { partitionOrGroup } from './partition-or-group.ts';
import { windowNeedsGroup } from './window-needs-group.ts';

/** Checks of the clauses that need no resolved names, in the order in which their errors are reported. */
export const clauseChecks: readonly ClauseCheck[] = [limit, orderBy, partitionOrGroup, namedWindows, emitFinal];
/** Checks that are reported after errors in WHERE. */
export const ungroupedChecks: readonly ClauseCheck[] = [windowNeedsGroup, havingNeedsGroup];
