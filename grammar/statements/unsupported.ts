import type { StatementRule } from '../rule.ts';

/** Statements of the dialect that are recognised, and refused as not supported yet with their position. */
export const unsupported: StatementRule = {
  name: 'unsupported',
  starts: [
    'CREATE [OR] [REPLACE] MONITOR',
    'DROP MONITOR',
    'CREATE [OR] [REPLACE] TRAINING SET',
    'DROP TRAINING SET',
    'MATERIALIZE FEATURE VIEW',
    'CREATE [OR] [REPLACE] FEATURE SERVICE',
    'DROP FEATURE SERVICE',
    'ALTER FEATURE VIEW',
    'PAUSE MONITOR',
    'RESUME MONITOR',
  ],
  rule: ($, r) => $.subrule(0, r.rest),
};
