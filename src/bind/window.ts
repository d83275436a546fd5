import { SqlError } from '../diagnostics/sql-error.ts';
import type { WindowSpec } from '../specs/window.ts';
import type { WindowNode } from '../syntax/query.ts';

const dayMs = 86_400_000;

/**
 * The window of a query with its defaults: 24 hours of grace less the size, none where rows are sent once, when a window closes;
 * and as much retention as that needs.
 */
export function windowOf(node: WindowNode, final: boolean): WindowSpec {
  const sizeMs = node.size.ms;
  const advanceMs = node.kind === 'SESSION' ? 0 : (node.advance?.ms ?? sizeMs);
  const invalid = (why: string): never => {
    throw new SqlError('WINDOW_INVALID', node.span, { why });
  };
  if (sizeMs <= 0) invalid('the size must be greater than zero');
  if (node.kind === 'HOPPING' && (advanceMs <= 0 || advanceMs > sizeMs))
    invalid('ADVANCE BY must be greater than zero and not exceed the size');
  const graceMs = node.grace?.ms ?? (final ? 0 : Math.max(dayMs - sizeMs, 0));
  const needed = sizeMs + graceMs;
  if (node.retention !== undefined && node.retention.ms < needed)
    invalid(`RETENTION must be at least the size and the grace period, ${needed} ms`);
  return { type: node.kind, sizeMs, advanceMs, graceMs, retentionMs: node.retention?.ms ?? needed };
}
