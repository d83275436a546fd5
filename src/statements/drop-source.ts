import type { Catalog, QueryObject, SourceObject } from '../catalog/catalog.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import type { Span } from '../diagnostics/source.ts';
import type { DropSource } from '../syntax/statements/drop-source.ts';
import { closest } from '../util/closest.ts';
import { currentStatus, warning, type Execution, type Handler } from './handler.ts';

export const dropSource: Handler<DropSource> = async (statement, execution) => {
  const { engine, text } = execution;
  const { catalog } = engine;
  const name = statement.name.text;
  const found = catalog.sources.get(name);
  const word = statement.sourceKind === 'STREAM' ? 'Stream' : 'Table';
  if (found === undefined) {
    if (statement.ifExists) return warning(text, `${word} ${name} does not exist.`);
    throw new SqlError('SOURCE_NOT_FOUND', statement.name.span, {
      name,
      suggestion: closest(name, catalog.sources.keys()),
    });
  }
  if (found.spec.kind !== statement.sourceKind)
    throw new SqlError('WRONG_SOURCE_KIND', statement.name.span, {
      name,
      expected: statement.sourceKind.toLowerCase(),
      actual: found.spec.kind.toLowerCase(),
    });
  if (statement.deleteTopic && found.readOnly) throw new SqlError('SOURCE_READ_ONLY', statement.name.span, { name });
  const { number, others } = await dropWithQueries(found, statement.cascade, statement.name.span, execution);
  if (statement.deleteTopic) await engine.node.deleteTopic(found.spec.topic);
  return currentStatus(
    text,
    `${word.toLowerCase()}/${name}/drop`,
    `Source \`${name}\` (topic: ${found.spec.topic}) was dropped.${others.length === 0 ? '' : ` With it: ${others.join(', ')}.`}`,
    number,
  );
};

/** Drops a source with the query that fills it; other queries that read or write it, and what they fill, only where that is said. */
export async function dropWithQueries(
  { spec: { name } }: SourceObject,
  cascade: boolean,
  span: Span,
  { engine: { catalog }, distribute }: Execution,
): Promise<{ number: number; others: string[] }> {
  const users = usersOf(catalog, name).map(({ id }) => id);
  if (users.length > 0 && !cascade) throw new SqlError('SOURCE_IN_USE', span, { name, by: users.join(', ') });
  const dropped = dropOrder(catalog, name);
  let number = -1;
  for (const each of dropped) {
    // What else reads or writes it is not the source's own, and ends with it.
    const queries = [catalog.sources.get(each)!.createdBy, ...usersOf(catalog, each).map(({ id }) => id)];
    number = await distribute({
      v: 1,
      kind: 'dropSource',
      name: each,
      queries: [...new Set(queries)].filter((id) => id !== undefined),
    });
  }
  return { number, others: dropped.slice(0, -1) };
}

/** The queries that read or write a source and do not fill it as their own. */
function usersOf(catalog: Catalog, name: string): QueryObject[] {
  const own = catalog.sources.get(name)?.createdBy;
  const users = [...catalog.queriesReading(name), ...catalog.queriesWriting(name)];
  return users.filter(({ id }, i) => id !== own && users.findIndex((other) => other.id === id) === i);
}

/** A source behind everything that is made of it. */
function dropOrder(catalog: Catalog, name: string, seen = new Set<string>()): string[] {
  if (seen.has(name)) return [];
  seen.add(name);
  const made = catalog
    .queriesReading(name)
    .filter(({ id, sink }) => catalog.sources.get(sink)?.createdBy === id)
    .map(({ sink }) => sink);
  return [...made.flatMap((each) => dropOrder(catalog, each, seen)), name];
}
