import { compileTableFunction } from '../../expressions/compile.ts';
import { FlatMap } from '../operators/flat-map.ts';
import type { Builder } from './context.ts';
import { layoutFor } from './expressions.ts';

export const flatMap: Builder<'flatMap'> = (step, context) => {
  const layout = layoutFor(step.input.columns);
  const functions = step.functions.map(({ fn, args, type }) =>
    compileTableFunction(fn, args, type, layout, (error) => context.report(error, fn)),
  );
  return new FlatMap(functions, context.position);
};
