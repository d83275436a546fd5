import type { Expr } from '../../expressions/node.ts';
import { stepInputs, type Step } from './step.ts';

/** A step whose state is kept by the entity, and of which of the entity's values its key is made. */
export interface EntityPlace {
  readonly stepId: string;
  readonly key: readonly number[];
  /** Where rows as a whole wait in its state, the slots of the entity's values in them. */
  readonly slots: readonly number[] | undefined;
}

/**
 * The steps of a plan that keep state by the entity columns of its result, from the result on as far as the columns can be followed:
 * through projections, filters and rekeys to the aggregates and window functions that the entity is the key of.
 */
export function entityPlaces(root: Step, entity: readonly string[]): EntityPlace[] {
  const places: EntityPlace[] = [];
  const walk = (step: Step, slots: readonly number[]): void => {
    const below = (next: readonly (number | undefined)[]): void => {
      const [input] = stepInputs(step);
      if (input !== undefined && next.every((slot) => slot !== undefined)) walk(input, next);
    };
    switch (step.op) {
      case 'project':
        return below(slots.map((slot) => slotOf(step.exprs[slot]!)));
      case 'streamRekey':
      case 'tableRekey':
        return below(
          slots.map((slot) =>
            slot < step.keys.length ? slotOf(step.keys[slot]!) : step.rest[slot - step.keys.length],
          ),
        );
      case 'over':
      case 'dedup': {
        // Behind its input's columns come its own; those of a key that its input was brought together by are left out before.
        const added = step.op === 'over' ? step.calls.length : step.numbers;
        const left = step.input.columns.length + added - step.columns.length;
        const read = slots.map((slot) => (slot + left < step.input.columns.length ? slot + left : undefined));
        const known = read.filter((slot) => slot !== undefined);
        const key = step.partitionBy.map((expr) => known.indexOf(slotOf(expr) ?? -1));
        if (known.length === read.length && isWhole(key, known)) places.push({ stepId: step.id, key, slots: known });
        return below(read);
      }
      case 'streamFilter':
      case 'tableFilter':
      case 'invoke':
      case 'invokeUnordered':
      case 'sort':
      case 'repartition':
        return below(slots);
      case 'streamAggregate':
      case 'tableAggregate':
      case 'windowedAggregate':
      case 'sessionAggregate':
      case 'slidingAggregate':
      case 'cumulateAggregate': {
        const key = Array.from({ length: step.keyCount }, (_, slot) => slots.indexOf(slot));
        if (isWhole(key, slots)) places.push({ stepId: step.id, key, slots: undefined });
        return;
      }
      default:
    }
  };
  walk(
    root,
    entity.map((name) => root.columns.findIndex((column) => column.name === name)),
  );
  return places;
}

const slotOf = (expr: Expr): number | undefined => (expr.kind === 'column' ? expr.slot : undefined);
/** Whether a key is made of all values of the entity, and of nothing else. */
const isWhole = (key: readonly number[], slots: readonly number[]): boolean =>
  key.length === slots.length && !key.includes(-1);
