import { findFormat } from '../../formats/index.ts';
import { sameData } from '../../util/same-data.ts';
import {
  factsOf,
  stepInputs,
  withInputs,
  type Placement,
  type RepartitionStep,
  type SourceStep,
  type Step,
} from './step.ts';

/**
 * How a step's rows are spread over partitions: as those of a topic, by the bytes of its keys, or undefined where they came through a
 * repartition that was placed like none.
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

/** Whether equal keys have equal bytes in both, so that rows of one meet those of the other. */
export function samePlacement(a: Placement | undefined, b: Placement | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return sameData(bytesOf(a), bytesOf(b));
}

/** What the bytes of a key hang on; names count only where they are written. */
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

/** A step whose rows go through a repartition, placed like a topic's. */
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
