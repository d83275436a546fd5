import { findFormat } from '../../formats/index.ts';
import { sameData } from '../../util/same-data.ts';
import { factsOf, stepInputs, withInputs, type RepartitionStep, type Step } from './step.ts';
import type { Placement } from './steps/repartition.ts';
import type { SourceStep } from './steps/source.ts';

/**
 * How a step's rows are partitioned: as the records of a topic, by the bytes of their keys. Undefined after a repartition that
 * does not follow a topic.
 */
export function placementOf(step: Step): Placement | undefined {
  const { placement, inputs } = factsOf(step);
  switch (placement) {
    case 'topic': {
      const { topic, keyFormat, schema } = (step as SourceStep).source;
      return { topic, keyFormat, keys: schema.filter(({ role }) => role === 'key') };
    }
    case 'like':
      return (step as RepartitionStep).like;
    case 'none':
      return undefined;
    case 'input':
    case 'left':
    case 'right':
      return placementOf(stepInputs(step)[(inputs as readonly string[]).indexOf(placement)]!);
  }
}

/** Whether two placements encode equal keys to equal bytes, so that matching rows are on the same partition. */
export function samePlacement(a: Placement | undefined, b: Placement | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return sameData(bytesOf(a), bytesOf(b));
}

/** Everything that the bytes of a key depend on; column names only when the format writes them. */
function bytesOf({ keyFormat, keys }: Placement): unknown {
  const { format, wrap, delimiter, nullable, schema } = keyFormat;
  return [
    format,
    wrap,
    wrap && delimiter,
    nullable,
    schema?.id,
    keys.map(({ name, type }) => (wrap && findFormat(format)!.writesNames ? { name, type } : type)),
  ];
}

/** Sends a step's rows through a repartition with the placement of a topic. */
export function placed(step: Step, like: Placement): Step {
  switch (factsOf(step).placement) {
    case 'like':
      return { ...(step as RepartitionStep), like };
    case 'topic':
    case 'none':
      return step;
    case 'input':
    case 'left':
    case 'right':
      return withInputs(
        step,
        stepInputs(step).map((input) => placed(input, like)),
      );
  }
}
