/** The number of runs of a property: its own number times `MILLRACE_TEST_SCALE`. */
export const runsOf = (runs: number): number => Math.ceil(runs * Number(process.env['MILLRACE_TEST_SCALE'] ?? 1));

/** The first seed of a property: its own, or `MILLRACE_TEST_SEED`, for example that of a failed run. */
export const seedOf = (seed: number): number => Number(process.env['MILLRACE_TEST_SEED'] ?? seed);
