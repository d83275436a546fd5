import type { StatementRule } from '../rule.ts';

export const select: StatementRule = {
  name: 'select',
  starts: ['SELECT', 'WITH'],
  rule: ($, r) => $.subrule(0, r.query),
};
