import type { ClauseCheck } from './clause-check.ts';
import { emitFinal } from './emit-final.ts';
import { havingNeedsGroup } from './having-needs-group.ts';
import { limit } from './limit.ts';
import { orderBy } from './order-by.ts';
import { partitionOrGroup } from './partition-or-group.ts';
import { windowNeedsGroup } from './window-needs-group.ts';

/** What is wrong whatever the names mean, in the order in which it is said. */
export const clauseChecks: readonly ClauseCheck[] = [limit, orderBy, partitionOrGroup, emitFinal];
/** Said after what WHERE has wrong. */
export const ungroupedChecks: readonly ClauseCheck[] = [windowNeedsGroup, havingNeedsGroup];
