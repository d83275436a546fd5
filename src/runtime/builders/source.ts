import type { Operator } from '../operator.ts';
import { TableSource } from '../operators/table-source.ts';
import type { Builder } from './context.ts';
import { keyValue } from './stores.ts';

/** A stream source's changes are passed on as they were decoded. */
const passThrough: Operator = { process: ([changes]) => changes! };

export const streamSource: Builder<'streamSource'> = () => passThrough;
export const tableSource: Builder<'tableSource'> = (step, context) =>
  new TableSource(keyValue(step, context), step.columns.length);
