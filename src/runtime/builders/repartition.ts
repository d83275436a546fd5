import type { Builder } from './context.ts';

/** Its changes come back from the topic; they are ready. */
export const repartition: Builder<'repartition'> = () => ({ process: ([changes]) => changes! });
