import { SqlError } from '../diagnostics/sql-error.ts';
import type { WindowSpec } from '../specs/window.ts';
import { durationText } from '../util/time-units.ts';
import type { WindowNode } from '../syntax/query.ts';

const dayMs = 86_400_000;
/** The most windows that a row may be in: each is a row to store and to emit. At this bound 30 rows take some seconds. */
const mostWindows = 20_000;

/**
 * A query's window with its defaults: a grace of 24 hours less the size, or none with EMIT FINAL; a retention of size plus
 * grace.
 */
export function windowOf(node: WindowNode, final: boolean): WindowSpec {
  const sizeMs = node.size.ms;
  const advanceMs = node.kind === 'SESSION' ? 0 : (node.advance?.ms ?? sizeMs);
  const invalid = (why: string, hint?: string): never => {
    throw new SqlError('WINDOW_INVALID', node.span, { why, hint });
  };
  if (sizeMs <= 0) invalid('the size must be greater than zero');
  if (node.kind === 'HOPPING' && (advanceMs <= 0 || advanceMs > sizeMs))
    invalid('ADVANCE BY must be greater than zero and not exceed the size');
  if (node.kind === 'CUMULATE') {
    if (advanceMs <= 0 || advanceMs > sizeMs) invalid('STEP must be greater than zero and not exceed the size');
    if (sizeMs % advanceMs !== 0)
      invalid(
        `the size must be a multiple of STEP; ${sizeMs} ms is none of ${advanceMs} ms`,
        `Write SIZE ${durationText(Math.ceil(sizeMs / advanceMs) * advanceMs)}.`,
      );
  }
  if (node.kind !== 'SESSION' && sizeMs / advanceMs > mostWindows)
    invalid(
      `a row would be in up to ${Math.ceil(sizeMs / advanceMs)} windows, at most ${mostWindows} are allowed`,
      `Let the windows be further apart: ${node.kind === 'CUMULATE' ? 'STEP' : 'ADVANCE BY'} ${durationText(Math.ceil(sizeMs / mostWindows))} or more.`,
    );
  const graceMs = node.grace?.ms ?? (final ? 0 : Math.max(dayMs - sizeMs, 0));
  const needed = sizeMs + graceMs;
  if (node.retention !== undefined && node.retention.ms < needed)
    invalid(`RETENTION must be at least the size and the grace period, ${needed} ms`);
  return { type: node.kind, sizeMs, advanceMs, graceMs, retentionMs: node.retention?.ms ?? needed };
}
