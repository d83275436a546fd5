import { compileTableFunction } from '../../expressions/compile.ts';
import { FlatMap } from '../operators/flat-map.ts';
import type { Builder } from './context.ts';

export const flatMap: Builder<'flatMap'> = (step, context) => {
  const functions = step.functions.map(({ fn, args, type }) =>
    compileTableFunction(fn, args, type, (error) => context.report(error, fn)),
  );
  return new FlatMap(functions, context.position);
};
