import type { Builder } from './context.ts';

/** The changes come back from the internal topic and are passed on unchanged. */
export const repartition: Builder<'repartition'> = () => ({ process: ([changes]) => changes! });
