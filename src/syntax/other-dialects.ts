import type { IToken } from 'chevrotain';

/**
 * What people from other dialects write, as the tokens around the first one that fits nothing here (behind `>`), and what is
 * written here instead.
 */
export const cures: readonly (readonly [RegExp, string])[] = [
  [/> NOT NULL/, 'Leave NOT NULL out: columns may be null, and a key is not.'],
  [/PRIMARY KEY > \(|KEY \( > /, 'Write PRIMARY KEY behind the type of its column.'],
  [
    /WATERMARK FOR > /,
    "Declare the time by WITH (…, TIMESTAMP='column'), and how late rows may be by a window's GRACE PERIOD.",
  ],
  [/^CREATE > SOURCE/, 'Write CREATE STREAM or CREATE TABLE: a source is a topic.'],
  [
    /^CREATE > MATERIALIZED VIEW/,
    'Write CREATE TABLE … AS SELECT, or CREATE STREAM … AS SELECT where nothing is grouped.',
  ],
  [/^CREATE > SINK/, "Write CREATE STREAM … WITH (KAFKA_TOPIC='t') AS SELECT: its topic is the sink."],
  [/^CREATE > (UNIQUE )?INDEX/, 'There is no index: a table is looked up by its key, so group it by the column.'],
  [/^CREATE > (DATABASE|SCHEMA|CATALOG)/, 'There is one namespace of streams and tables: leave this out.'],
  [
    /SELECT DISTINCT > ON|SELECT DISTINCT ON > \(/,
    'Number the rows: SELECT … FROM s QUALIFY ROW_NUMBER() OVER (PARTITION BY a ORDER BY ROWTIME DESC) = 1.',
  ],
  [/FROM \S+ (\S+ )?> ,/, 'Write JOIN … ON instead of the comma.'],
  [/> USING|USING > \(|\S+ USING > /, 'Write ON a.column = b.column.'],
  [/UNION > SELECT/, 'Write UNION ALL.'],
  [/> (INTERSECT|EXCEPT)|(INTERSECT|EXCEPT) > SELECT/, 'Join the two instead.'],
  [/> EXISTS/, 'Write column IN (SELECT key FROM t), or join the table: … FROM s JOIN t ON s.column = t.key.'],
  [/\( > SELECT/, 'A subquery stands in FROM or JOIN: write its value as a column of a table that is joined.'],
  [
    /\d > (WEEK|MONTH|QUARTER|YEAR)S?\b/,
    'Write how many days it has, such as 30 DAYS: units of a fixed length are MILLISECONDS, SECONDS, MINUTES, HOURS and DAYS.',
  ],
  [/BY \S+( ASC| DESC)? > EMIT/, 'Only a pull query can be ordered: leave out EMIT, or ORDER BY.'],
  [
    /> WITHIN GROUP|WITHIN > GROUP/,
    "Write the value as the first argument: PERCENTILE(n, 0.5), STRING_AGG(name, ',').",
  ],
  [
    /OVER \( > \S+ (PARTITION|ORDER|ROWS|RANGE)/,
    'Give a window of its own all of its clauses: WINDOW w AS (PARTITION BY … ORDER BY … ROWS 3 PRECEDING), and OVER w.',
  ],
  [/= > =/, 'Equality is one sign: a = b.'],
  [/^> UPDATE/, 'INSERT INTO … VALUES with the key of a row replaces it.'],
  [/^> TRUNCATE/, 'DROP TABLE … DELETE TOPIC, then create it anew.'],
  [/^ALTER TABLE \S+ > (DROP|RENAME|ALTER|MODIFY)/, 'Columns can only be added: ALTER TABLE … ADD COLUMN name type.'],
  [/^> USE/, 'There is one namespace of streams and tables: leave this out.'],
  [
    /^> (BEGIN|COMMIT|ROLLBACK|START)/,
    'Each statement stands for itself; several rows of one INSERT are written together.',
  ],
  [/^> (GRANT|REVOKE)/, 'Rights are those of the Kafka cluster.'],
];

/** The cure for a construct of another dialect, found by the tokens around the place where the syntax ends. */
export function cureFor(tokens: readonly IToken[], at: number): string | undefined {
  const images = (from: number, to: number): string =>
    tokens
      .slice(Math.max(0, from), to)
      .map(({ image }) => image.toUpperCase())
      .join(' ');
  const text = `${images(at - 3, at)} > ${images(at, at + 3)}`.trimStart();
  return cures.find(([pattern]) => pattern.test(text))?.[1];
}
