import type { Span } from '../../diagnostics/source.ts';
import { SqlError } from '../../diagnostics/sql-error.ts';
import { findFormat } from '../../formats/index.ts';
import type { SourceSpec } from '../../specs/source.ts';
import type { SourceNode } from '../../syntax/query.ts';
import type { Relation } from '../context.ts';

/** ksqlDB's rule: a source whose value format has no schema of its own (as KAFKA) cannot be joined or grouped. */
export function checkCombines({ name, valueFormat }: SourceSpec, span: Span): void {
  if (findFormat(valueFormat.format)?.combines === false)
    throw new SqlError('KAFKA_VALUE_FORMAT', span, { source: name });
}

export function checkJoinedFormats(relations: readonly Relation[], nodes: readonly SourceNode[]): void {
  relations.forEach(({ bound }, i) => {
    if (bound.kind === 'source') checkCombines(bound.spec, nodes[i]!.span);
  });
}
