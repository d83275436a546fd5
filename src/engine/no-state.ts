import type { StateBackend } from '../runtime/ports/state-backend.ts';
import { InternalError } from '../util/internal-error.ts';

/** A state backend for plans without stateful steps. */
export const noState: StateBackend = {
  getMany: (keys) => keys.map(() => undefined),
  range: () => [],
  last: () => undefined,
  batch: () => {
    throw new InternalError('a plan without state has nothing to write');
  },
  deleteRange: () => undefined,
  close: () => Promise.resolve(),
};
