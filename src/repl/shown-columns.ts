import type { ShownColumn } from './layouts.ts';

/** The columns of an answer, from the text of its schema. */
export const columnsOf = (schema: string): ShownColumn[] => {
  const found = [...schema.matchAll(/`((?:[^`]|``)+)` ([A-Z]+)(?:\((?:\d+), (?:\d+)\)|<)?/g)].filter(
    (match) => depthAt(schema, match.index) === 0,
  );
  return found.map(([, name, type], i) => ({
    name: name!.replaceAll('``', '`'),
    isNumber: /^(INTEGER|BIGINT|DOUBLE|DECIMAL)$/.test(type!),
    // Stands at the end of the column's text.
    isKey: / KEY(, )?$/.test(schema.slice(found[i]!.index, found[i + 1]?.index)),
  }));
};

/** How many `<` are open at a position of a schema's text: names within a STRUCT are no columns. */
function depthAt(schema: string, end: number): number {
  let depth = 0;
  for (let i = 0; i < end; i++) depth += schema[i] === '<' ? 1 : schema[i] === '>' ? -1 : 0;
  return depth;
}
