import { conjunction, conjuncts, idsIn } from '../../expressions/node.ts';
import { idsOf } from '../../bound/rows.ts';
import type { Rule } from './rule.ts';

/** Moves conditions that do not read a model's outputs below its invocation. */
export const pushFilterBelowInvoke: Rule = {
  name: 'push-filter-below-invoke',
  apply: (node) => {
    if (node.kind !== 'filter' || node.input.kind !== 'invoke') return undefined;
    const invoke = node.input;
    const outputs = idsOf(invoke.outputs);
    const parts = conjuncts(node.predicate);
    const early = parts.filter((part) => ![...idsIn([part])].some((id) => outputs.has(id)));
    if (early.length === 0) return undefined;
    const late = parts.filter((part) => !early.includes(part));
    const { input } = invoke;
    const below = {
      ...invoke,
      input: {
        ...node,
        input,
        predicate: conjunction(early),
        columns: input.columns,
        shape: input.shape,
        windowed: input.windowed,
      },
    };
    return late.length === 0 ? below : { ...node, input: below, predicate: conjunction(late) };
  },
};
