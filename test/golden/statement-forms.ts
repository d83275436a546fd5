/** A statement of ksqlDB's grammar, or one of ours, and what tells it by its text. */
export interface StatementForm {
  readonly syntax: string;
  readonly matches: RegExp;
  /** Why it has no case of nothing or of null. */
  readonly neverNothing?: string;
}

const form = (syntax: string, matches: RegExp, neverNothing?: string): StatementForm => ({
  syntax,
  matches,
  ...(neverNothing === undefined ? {} : { neverNothing }),
});
const fixed = 'there is always something to show';

/** All of them, in the order of ksqlDB's reference. */
export const statementForms: readonly StatementForm[] = [
  form(
    'CREATE [OR REPLACE] [SOURCE] STREAM [IF NOT EXISTS] s (…) WITH (…)',
    /^CREATE (OR REPLACE )?(SOURCE )?STREAM (?!.*\bAS SELECT)/,
  ),
  form(
    'CREATE [OR REPLACE] STREAM [IF NOT EXISTS] s [WITH (…)] AS query',
    /^CREATE (OR REPLACE )?STREAM .*\bAS SELECT/,
  ),
  form(
    'CREATE [OR REPLACE] [SOURCE] TABLE [IF NOT EXISTS] t (…) WITH (…)',
    /^CREATE (OR REPLACE )?(SOURCE )?TABLE (?!.*\bAS SELECT)/,
  ),
  form('CREATE [OR REPLACE] TABLE [IF NOT EXISTS] t [WITH (…)] AS query', /^CREATE (OR REPLACE )?TABLE .*\bAS SELECT/),
  form(
    'CREATE [OR REPLACE] FEATURE VIEW [IF NOT EXISTS] v ENTITY KEY (…) [TIMESTAMP c] [TTL …] [COMMENT …] [WITH (…)] AS query',
    /^CREATE (OR REPLACE )?FEATURE VIEW /,
  ),
  form('DROP FEATURE VIEW [IF EXISTS] v', /^DROP FEATURE VIEW /),
  form(
    'CREATE [OR REPLACE] MODEL [IF NOT EXISTS] m [INPUT (…)] [OUTPUT (…)] [COMMENT …] WITH (…)',
    /^CREATE (OR REPLACE )?MODEL /,
  ),
  form('ALTER MODEL [IF EXISTS] m ADD VERSION [n] [WITH (…)]', /^ALTER MODEL .*\bADD VERSION/),
  form('ALTER MODEL [IF EXISTS] m SET DEFAULT VERSION n', /^ALTER MODEL .*\bSET DEFAULT VERSION/),
  form('DROP MODEL [IF EXISTS] m', /^DROP MODEL /),
  form('DROP STREAM [IF EXISTS] s [DELETE TOPIC] [CASCADE]', /^DROP STREAM /),
  form('DROP TABLE [IF EXISTS] t [DELETE TOPIC] [CASCADE]', /^DROP TABLE /),
  form(
    'ALTER STREAM | TABLE s ADD [COLUMN] c type, …',
    /^ALTER (STREAM|TABLE) /,
    'a column is added or the statement is refused',
  ),
  form('CREATE TYPE [IF NOT EXISTS] n AS type', /^CREATE TYPE /),
  form('DROP TYPE [IF EXISTS] n', /^DROP TYPE /),
  form('CREATE SOURCE | SINK CONNECTOR [IF NOT EXISTS] n WITH (…)', /^CREATE (SOURCE|SINK) CONNECTOR /),
  form('DROP CONNECTOR [IF EXISTS] n', /^DROP CONNECTOR /),
  form('INSERT INTO s [WITH (QUERY_ID=…)] query', /^INSERT INTO .*\bSELECT /),
  form('INSERT INTO s [(c, …)] VALUES (…)', /^INSERT INTO .*\bVALUES /),
  form('DELETE FROM t WHERE key = …', /^DELETE FROM /),
  form('SELECT … EMIT CHANGES', /^(SELECT|WITH) .*\bEMIT /),
  form('SELECT … (pull)', /^(SELECT|WITH) (?!.*\bEMIT )/),
  form('PRINT topic [FROM BEGINNING] [INTERVAL n] [LIMIT n]', /^PRINT /),
  form('TERMINATE id | ALL', /^TERMINATE /),
  form('PAUSE id | ALL', /^PAUSE /),
  form('RESUME id | ALL', /^RESUME /),
  form('EXPLAIN id | statement', /^EXPLAIN /, fixed),
  form('SHOW | LIST PROPERTIES', /^(SHOW|LIST) PROPERTIES/, fixed),
  form('SHOW | LIST [ALL] TOPICS [EXTENDED]', /^(SHOW|LIST) (ALL )?TOPICS/, fixed),
  form('SHOW | LIST STREAMS [EXTENDED]', /^(SHOW|LIST) STREAMS/),
  form('SHOW | LIST TABLES [EXTENDED]', /^(SHOW|LIST) TABLES/),
  form('SHOW | LIST FUNCTIONS', /^(SHOW|LIST) FUNCTIONS/, fixed),
  form('SHOW | LIST [SOURCE | SINK] CONNECTORS', /^(SHOW|LIST) (SOURCE |SINK )?CONNECTORS/),
  form('SHOW | LIST CONNECTOR PLUGINS', /^(SHOW|LIST) CONNECTOR PLUGINS/, fixed),
  form('SHOW | LIST TYPES', /^(SHOW|LIST) TYPES/),
  form('SHOW | LIST VARIABLES', /^(SHOW|LIST) VARIABLES/),
  form('SHOW | LIST MODELS', /^(SHOW|LIST) MODELS/),
  form('SHOW | LIST FEATURE VIEWS', /^(SHOW|LIST) FEATURE VIEWS/),
  form('SHOW | LIST QUERIES [EXTENDED]', /^(SHOW|LIST) QUERIES/),
  form('DESCRIBE source [EXTENDED]', /^DESCRIBE (?!STREAMS|TABLES|FUNCTION|CONNECTOR|MODEL|FEATURE VIEW)/, fixed),
  form('DESCRIBE STREAMS [EXTENDED]', /^DESCRIBE STREAMS/),
  form('DESCRIBE TABLES [EXTENDED]', /^DESCRIBE TABLES/),
  form('DESCRIBE FUNCTION f', /^DESCRIBE FUNCTION /, fixed),
  form('DESCRIBE MODEL m [VERSION n]', /^DESCRIBE MODEL /, fixed),
  form('DESCRIBE FEATURE VIEW v [EXTENDED]', /^DESCRIBE FEATURE VIEW /, fixed),
  form('DESCRIBE CONNECTOR c', /^DESCRIBE CONNECTOR /, fixed),
  form("SET 'property' = 'value'", /^SET /),
  form("UNSET 'property'", /^UNSET /, 'what was not set stays as it is'),
  form("ALTER SYSTEM 'property' = 'value'", /^ALTER SYSTEM /),
  form("DEFINE name = 'text'", /^DEFINE /),
  form('UNDEFINE name', /^UNDEFINE /),
  form('ASSERT [NOT EXISTS] TOPIC t [WITH (…)] [TIMEOUT …]', /^ASSERT (NOT EXISTS )?TOPIC /),
  form('ASSERT [NOT EXISTS] SCHEMA [SUBJECT s] [ID n] [TIMEOUT …]', /^ASSERT (NOT EXISTS )?SCHEMA /),
  form('ASSERT VALUES s [(c, …)] VALUES (…), of `millrace test`', /^ASSERT VALUES /),
  form('ASSERT NULL VALUES s [(c, …)] KEY (…), of `millrace test`', /^ASSERT NULL VALUES /, 'it is about nulls'),
  form('ASSERT STREAM s (…) WITH (…), of `millrace test`', /^ASSERT STREAM /, 'there is such a stream or not'),
  form('ASSERT TABLE t (…) WITH (…), of `millrace test`', /^ASSERT TABLE /, 'there is such a table or not'),
];
