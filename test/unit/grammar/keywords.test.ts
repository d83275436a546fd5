import { expect, test } from 'vitest';
import { nonReservedWords } from '../../../grammar/keywords.ts';
import { parseScript } from '../../../src/syntax/parse.ts';
import { printStatement } from '../../../src/syntax/statements/index.ts';

test.each(nonReservedWords)('%s is a name like any other: of a column, an alias, a source', (word) => {
  const texts = [
    `SELECT ${word} FROM s;`,
    `SELECT a AS ${word} FROM s;`,
    `SELECT a ${word}, b ${word} FROM s;`,
    `SELECT ${word} ${word} FROM ${word} ${word} WHERE ${word} > ${word} EMIT CHANGES;`,
    `SELECT s.${word} FROM ${word} AS s GROUP BY ${word};`,
    `SELECT COUNT(*) ${word} FROM s GROUP BY a;`,
    `SELECT * FROM s AS ${word} JOIN t ON ${word}.a = t.${word} EMIT CHANGES LIMIT 3;`,
    `CREATE STREAM ${word} (${word} INT KEY, b STRUCT<${word} INT>) WITH (KAFKA_TOPIC='t', ${word}='x');`,
    `INSERT INTO ${word} (${word}) VALUES (1);`,
  ];
  for (const text of texts) {
    const [first] = parseScript({ name: 'a', text });
    const printed = printStatement(first!);
    expect(printStatement(parseScript({ name: 'b', text: printed })[0]!)).toBe(printed);
    expect(printed.split(word).length, text).toBeGreaterThanOrEqual(text.split(word).length);
  }
});
