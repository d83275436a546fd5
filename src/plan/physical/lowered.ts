import { columnName } from '../../expressions/print.ts';
import {
  mapColumns,
  slotColumn,
  type BoundExpr,
  type ColumnId,
  type Expr,
  type SlotColumn,
} from '../../expressions/node.ts';
import { InternalError } from '../../util/internal-error.ts';
import type { RowColumn } from '../../bound/rows.ts';
import type { StepColumn } from './steps/base.ts';
import type { Step } from './step.ts';

/** A step with the columns that stand in its slots; undefined for what no expression reads. */
export interface Lowered {
  readonly step: Step;
  readonly ids: readonly (ColumnId | undefined)[];
}

export const idsOfColumns = (columns: readonly RowColumn[]): ColumnId[] => columns.map(({ id }) => id);

/** The columns of a node as its step has them: known by their place. */
export const stepColumns = (columns: readonly RowColumn[]): StepColumn[] =>
  columns.map((column) => ({ name: columnName(column), type: column.type, role: column.role }));

/** Where a column stands. */
export function slotOf(id: ColumnId, ids: Lowered['ids']): number {
  const slot = ids.indexOf(id);
  if (slot < 0) throw new InternalError(`column ${id} is not among ${ids.join(', ')}`);
  return slot;
}

/** Expressions over rows with these columns. */
export function inSlots(exprs: readonly BoundExpr[], ids: Lowered['ids']): Expr[] {
  return exprs.map((expr) =>
    mapColumns(expr, (column): SlotColumn => slotColumn(slotOf(column.id, ids), columnName(column), column.type)),
  );
}
export const inSlot = (expr: BoundExpr, ids: Lowered['ids']): Expr => inSlots([expr], ids)[0]!;

/** Names the steps of one plan in the order in which they are met. */
export class StepIds {
  #next = 0;
  readonly transient: boolean;

  constructor(transient: boolean) {
    this.transient = transient;
  }
  take(word: string): string {
    return `${word}-${this.#next++}`;
  }
}
