import type { LogicalNode } from '../logical/node.ts';

/** A named rewrite. `apply` returns an improved node, or undefined when the rule does not apply to this node. */
export interface Rule {
  readonly name: string;
  readonly apply: (node: LogicalNode) => LogicalNode | undefined;
}
