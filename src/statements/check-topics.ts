import { SqlError } from '../diagnostics/sql-error.ts';
import type { Span } from '../diagnostics/source.ts';
import type { Engine } from '../engine/engine.ts';
import type { SourceSpec } from '../plan/formats.ts';
import { inputsOf, type LogicalNode } from '../plan/logical/node.ts';
import type { QueryNode } from '../syntax/query.ts';

/** What a persistent query's plan needs of the topics that it reads. */
export function checkTopics(query: QueryNode, engine: Engine, plan: LogicalNode): void {
  checkCoPartitioning(query, plan);
  // The offsets of a consumer group are one for each partition of a topic, so that two readers could not go on from their own.
  if (engine.node.kind === 'kafka') checkReadOnce(query, plan);
}

/**
 * Both sides of a join need the same number of partitions, but for a foreign-key join, whose rows go to each other by topics of
 * their own.
 */
function checkCoPartitioning(query: QueryNode, node: LogicalNode): void {
  for (const input of inputsOf(node)) checkCoPartitioning(query, input);
  if (node.kind !== 'join') return;
  const [left, right] = [leftmost(node.left), leftmost(node.right)];
  if (left.partitions === right.partitions) return;
  throw new SqlError('JOIN_CO_PARTITION', spanOf(query, right), {
    left: left.name,
    leftCount: left.partitions,
    right: right.name,
    rightCount: right.partitions,
  });
}

function checkReadOnce(query: QueryNode, plan: LogicalNode): void {
  const seen = new Set<string>();
  for (const source of sourcesIn(plan)) {
    if (seen.has(source.topic)) throw new SqlError('TOPIC_READ_TWICE', spanOf(query, source), { topic: source.topic });
    seen.add(source.topic);
  }
}

const spanOf = (query: QueryNode, { name }: SourceSpec): Span =>
  query.joins.find(({ source }) => source.name.text === name)?.span ?? query.span;

const leftmost = (node: LogicalNode): SourceSpec =>
  node.kind === 'source' ? node.source : leftmost(inputsOf(node)[0]!);

function sourcesIn(node: LogicalNode): SourceSpec[] {
  return node.kind === 'source' ? [node.source] : inputsOf(node).flatMap(sourcesIn);
}
