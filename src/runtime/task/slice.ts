import { allSteps } from '../../plan/physical/step.ts';
import type { ModelHost } from '../ports/model-host.ts';
import { partsOf, type TaskSpec } from './spec.ts';

/** A part, which is one of many tasks of its thread, lets the others run; a whole plan processes whole micro-batches. */
const usual = { part: 1000, whole: 4096 };
/** Rows of a step that one thread scores: all of them are kept while it does, and copied by each collection of garbage meanwhile. */
const ofThread = 2048;

/** The most records of a step of a task. */
export function sliceOf(spec: TaskSpec, models: ModelHost | undefined): number {
  if (spec.part !== undefined) return usual.part;
  const threads = partsOf(spec)
    .flatMap(({ root }) => allSteps(root))
    .flatMap((step) => (step.op === 'invoke' ? (models?.threads(step.model, step.version) ?? []) : []));
  return Math.min(usual.whole, ...threads.map((count) => count * ofThread));
}
