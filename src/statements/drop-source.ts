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
  const own = found.createdBy;
  const users = [...catalog.queriesReading(name), ...catalog.queriesWriting(name)]
    .map(({ id }) => id)
    .filter((id) => id !== own);
  if (users.length > 0)
    throw new SqlError('SOURCE_IN_USE', statement.name.span, { name, by: [...new Set(users)].join(', ') });
  if (statement.deleteTopic && found.readOnly) throw new SqlError('SOURCE_READ_ONLY', statement.name.span, { name });
  const number = await distribute({ v: 1, kind: 'dropSource', name, queries: own === undefined ? [] : [own] });
  if (statement.deleteTopic) await engine.node.deleteTopic(found.spec.topic);
  return currentStatus(
    text,
    `${word.toLowerCase()}/${name}/drop`,
    `Source \`${name}\` (topic: ${found.spec.topic}) was dropped.`,
    number,
  );
};
