import { compileExpression } from '../../expressions/compile.ts';
import type { StepOf } from '../../plan/physical/step.ts';
import { Dedup, FirstEver, FirstInTime, type DedupParts } from '../operators/dedup.ts';
import type { BuildContext, Builder } from './context.ts';
import { projection } from './expressions.ts';
import { keyValue, windowed } from './stores.ts';
import { stripInternalKeys } from './strip-keys.ts';

export const dedup: Builder<'dedup'> = (step, context) => {
  const { partitionBy, orderBy, numbers, graceMs, columns, input } = step;
  const operator = new Dedup({
    ...stored(step, context),
    partitionBy: projection(partitionBy, context),
    orderBy: compileExpression(orderBy, (error) => context.report(error, 'ORDER BY')),
    numbers,
    graceMs,
    position: context.position,
    onLate: context.onLate,
  });
  return stripInternalKeys(operator, columns, input.columns.length + numbers);
};

function stored(step: StepOf<'dedup'>, context: BuildContext): Pick<DedupParts, 'rows' | 'meta'> {
  if (step.ttlMs === undefined) {
    const meta = keyValue<number>(step, context);
    return { rows: new FirstEver(meta), meta };
  }
  const meta = windowed<readonly number[]>(step, context, '');
  return { rows: new FirstInTime(meta, step.ttlMs), meta };
}
