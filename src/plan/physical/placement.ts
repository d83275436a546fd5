import type { Placement, Step } from './step.ts';

/**
 * How a step's rows are spread over partitions: as those of a topic, by the bytes of its keys, or undefined where they came through a
 * repartition that was placed like none.
 */
export function placementOf(step: Step): Placement | undefined {
  switch (step.op) {
    case 'streamSource':
    case 'tableSource': {
      const { topic, keyFormat, schema } = step.source;
      return { topic, keyFormat, keys: schema.filter(({ role }) => role === 'key') };
    }
    case 'repartition':
      return step.like;
    case 'union':
      return undefined;
    case 'streamStreamJoin':
    case 'streamTableJoin':
    case 'tableTableJoin':
      return placementOf(step.left);
    case 'foreignKeyLookup':
      return placementOf(step.right);
    default:
      return placementOf(step.input);
  }
}

/** Whether equal keys have equal bytes in both, so that rows of one meet those of the other. */
export function samePlacement(a: Placement | undefined, b: Placement | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return JSON.stringify(bytesOf(a)) === JSON.stringify(bytesOf(b));
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
    keys.map(({ name, type }) => (wrap && format !== 'DELIMITED' ? { name, type } : type)),
  ];
}

/** A step whose rows go through a repartition, placed like a topic's. */
export function placed(step: Step, like: Placement): Step {
  switch (step.op) {
    case 'repartition':
      return { ...step, like };
    case 'streamSource':
    case 'tableSource':
      return step;
    case 'streamStreamJoin':
    case 'streamTableJoin':
    case 'tableTableJoin':
      return { ...step, left: placed(step.left, like), right: placed(step.right, like) };
    case 'foreignKeyLookup':
    case 'union':
      return step;
    default:
      return { ...step, input: placed(step.input, like) };
  }
}
