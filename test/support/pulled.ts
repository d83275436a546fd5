import type { Change } from '../../src/runtime/change.ts';
import type { Node } from '../../src/runtime/ports/node.ts';

/** All rows of a query's result. */
export async function pulled(node: Node, query: string): Promise<Change[]> {
  const all: Change[] = [];
  for await (const changes of (await node.pull(query, undefined)) ?? []) all.push(...changes);
  return all;
}
