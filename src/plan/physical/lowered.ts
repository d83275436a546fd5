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

/** A step and the ids of the columns in its slots; undefined for slots that no expression reads. */
export interface Lowered {
  readonly step: Step;
  readonly ids: readonly (ColumnId | undefined)[];
}

export const idsOfColumns = (columns: readonly RowColumn[]): ColumnId[] => columns.map(({ id }) => id);

/** A node's columns as columns of a step. */
export const stepColumns = (columns: readonly RowColumn[]): StepColumn[] =>
  columns.map((column) => ({ name: columnName(column), type: column.type, role: column.role }));

/** The slot of a column. */
export function slotOf(id: ColumnId, ids: Lowered['ids']): number {
  const slot = ids.indexOf(id);
  if (slot < 0) throw new InternalError(`column ${id} is not among ${ids.join(', ')}`);
  return slot;
}

/** Bound expressions with ids replaced by slots. */
export function inSlots(exprs: readonly BoundExpr[], ids: Lowered['ids']): Expr[] {
  return exprs.map((expr) =>
    mapColumns(expr, (column): SlotColumn => slotColumn(slotOf(column.id, ids), columnName(column), column.type)),
  );
}
export const inSlot = (expr: BoundExpr, ids: Lowered['ids']): Expr => inSlots([expr], ids)[0]!;

/** Generates the step ids of one plan, numbered in the order of lowering. */
export class StepIds {
  #next = 0;

  take(word: string): string {
    return `${word}-${this.#next++}`;
  }
}
