import { SqlError } from '../../diagnostics/sql-error.ts';
import type { SourceNode } from '../../syntax/query.ts';
import type { Relation } from '../from.ts';

/** ksqlDB's rule: a value without a schema of its own cannot be joined or grouped. */
export function checkKafkaValues(relations: readonly Relation[], nodes: readonly SourceNode[]): void {
  relations.forEach(({ bound }, i) => {
    if (bound.kind === 'source' && bound.spec.valueFormat.format === 'KAFKA')
      throw new SqlError('KAFKA_VALUE_FORMAT', nodes[i]!.span, { source: bound.spec.name });
  });
}
