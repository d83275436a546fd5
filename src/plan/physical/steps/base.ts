import type { PlanColumn } from '../../logical/node.ts';

/** What every step gives: its columns in slot order, and whether its changes are appended rows or updates of a key. */
export interface StepBase {
  readonly v: 1;
  /** Unique in its plan and stable between runs: state and internal topics are named by it. */
  readonly id: string;
  readonly columns: readonly PlanColumn[];
}
