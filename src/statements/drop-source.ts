import type { Catalog, QueryObject } from '../catalog/catalog.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import type { DropSource } from '../syntax/statements/drop-source.ts';
import { closest } from '../util/closest.ts';
import { currentStatus, warning, type Handler } from './handler.ts';

export const dropSource: Handler<DropSource> = async (statement, { engine, text, distribute }) => {
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
  const users = usersOf(catalog, name).map(({ id }) => id);
  if (users.length > 0 && !statement.cascade)
    throw new SqlError('SOURCE_IN_USE', statement.name.span, { name, by: users.join(', ') });
  if (statement.deleteTopic && found.readOnly) throw new SqlError('SOURCE_READ_ONLY', statement.name.span, { name });
  const dropped: string[] = [];
  let number = -1;
  for (const each of dropOrder(catalog, name)) {
    // What else reads or writes it is not the source's own, and ends with it.
    const queries = [catalog.sources.get(each)!.createdBy, ...usersOf(catalog, each).map(({ id }) => id)];
    number = await distribute({
      v: 1,
      kind: 'dropSource',
      name: each,
      queries: [...new Set(queries)].filter((id) => id !== undefined),
    });
    dropped.push(each);
  }
  if (statement.deleteTopic) await engine.node.deleteTopic(found.spec.topic);
  const others = dropped.slice(0, -1);
  return currentStatus(
    text,
    `${word.toLowerCase()}/${name}/drop`,
    `Source \`${name}\` (topic: ${found.spec.topic}) was dropped.${others.length === 0 ? '' : ` With it: ${others.join(', ')}.`}`,
    number,
  );
};

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
