import { allSteps, stepInputs, type PhysicalPlan } from '../../plan/physical/step.ts';

/**
 * Why the rows of a query depend on the order in which records of several partitions or topics happened to come, so that a
 * replay may give others; undefined where order is given: EMIT FINAL, or one input that is partitioned as its rows are.
 */
export function orderDependence({ root }: PhysicalPlan): string | undefined {
  const steps = allSteps(root);
  if (steps.some((step) => 'final' in step && step.final)) return undefined;
  if (steps.some((step) => stepInputs(step).length > 1)) return 'it joins or unites inputs, whose order is not given';
  if (steps.some(({ op }) => op === 'repartition'))
    return 'its input is not partitioned by what its rows are computed by, so that events of several partitions meet in any order';
  return undefined;
}
