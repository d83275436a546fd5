import { compileExpression, compileJoinRow } from '../../expressions/compile.ts';
import { TemporalJoin } from '../operators/temporal-join.ts';
import type { Builder } from './context.ts';
import { joinMatches } from './join-rows.ts';
import { keyValue, windowed } from './stores.ts';

export const temporalJoin: Builder<'temporalJoin'> = (step, context) =>
  new TemporalJoin({
    history: {
      keys: keyValue(step, context),
      pieces: keyValue(step, context, 'pieces'),
      due: windowed(step, context, 'due'),
    },
    waiting: windowed(step, context, 'pending'),
    asOf: step.asOf && compileExpression(step.asOf, (error) => context.report(error, 'AS OF')),
    from: step.from && compileExpression(step.from, (error) => context.report(error, 'TIMESTAMP')),
    isInner: step.join === 'INNER',
    row: compileJoinRow(step.row),
    matches: joinMatches(step.matches, context),
    versions: step.versions,
    position: context.position,
    count: context.count,
  });
