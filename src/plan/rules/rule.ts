import type { LogicalNode } from '../logical/node.ts';

/** One named rewrite. `apply` gives a better node, or undefined when it has nothing to do at this one. */
export interface Rule {
  readonly name: string;
  readonly apply: (node: LogicalNode) => LogicalNode | undefined;
}
