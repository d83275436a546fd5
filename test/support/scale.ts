/** How many runs a property has: its own number, times `MILLRACE_TEST_SCALE` for a long look. */
export const runsOf = (runs: number): number => Math.ceil(runs * Number(process.env['MILLRACE_TEST_SCALE'] ?? 1));

/** Where the seeds of a property begin: its own number, or `MILLRACE_TEST_SEED`, such as that of a run that failed. */
export const seedOf = (seed: number): number => Number(process.env['MILLRACE_TEST_SEED'] ?? seed);
