import { vi } from 'vitest';
import { openQuery } from '../../../../src/engine/query-stream.ts';
import { MemoryBackend } from '../../../../src/adapters/memory/memory-backend.ts';
import { sessionOptions, type SessionOption } from '../../../../src/config/session-options.ts';
import { runSettings, type RunSettings } from '../../../../src/runtime/run-settings.ts';
import { parse, splitScript } from '../../../../src/syntax/parse.ts';
import type { Select } from '../../../../src/syntax/statements/select.ts';
import { consume } from '../../../support/topics.ts';
import { answered, onEngine, outcome, pause, runCases, type Asking, type Case, type Cases } from './cases.ts';

const stream = "CREATE STREAM s (k STRING KEY, v INT) WITH (kafka_topic='s', partitions=1, value_format='JSON');";
const insert = (k: string, v: number, time = v): string =>
  `INSERT INTO s (ROWTIME, k, v) VALUES (${time}, '${k}', ${v});`;
const table = [stream, 'CREATE TABLE t AS SELECT k, COUNT(*) AS n FROM s GROUP BY k;', insert('a', 1), insert('b', 2)];

/** Off and on, by what a statement is answered. */
const switched = (name: string, statements: readonly string[], off: string, on: unknown = 'done'): Case => ({
  see: answered(
    () => statements,
    (value) => ({ [name]: value }),
  ),
  gives: [
    ['false', off],
    ['true', on],
  ],
});
const seen = (
  name: string,
  see: (node: Asking) => Promise<unknown>,
  gives: Case['gives'],
  others: Record<string, string> = {},
): Case => ({ see: (value) => onEngine({ ...others, [name]: value }, see), gives });

const collected =
  (fn: string): ((node: Asking) => Promise<unknown>) =>
  async ({ ask }) => {
    await ask(stream);
    for (const v of [1, 2, 2, 3]) await ask(insert('a', v));
    await ask(`CREATE TABLE c AS SELECT k, ${fn}(v) AS vs FROM s GROUP BY k;`);
    return outcome(await ask('SELECT vs FROM c;'));
  };
const stateAfter =
  (columns: string, options: string, record: string, sink = '') =>
  async ({ engine, ask }: Asking): Promise<unknown> => {
    await ask(
      `CREATE STREAM s (k STRING KEY, ${columns}) WITH (kafka_topic='s', partitions=1, value_format='JSON'${options});`,
    );
    await ask(`CREATE STREAM o ${sink} AS SELECT * FROM s;`);
    await engine.node.produce('s', [{ key: 'a', value: record, timestamp: 1, partition: undefined }]);
    const [id] = engine.catalog.queries.keys();
    for (let left = 50; left > 0 && engine.node.status(id!)?.state === 'RUNNING'; left--) await pause(10);
    return engine.node.status(id!)?.state;
  };
const elapsed =
  (statement: string) =>
  async ({ ask }: Asking): Promise<unknown> => {
    const started = performance.now();
    await ask(statement);
    return performance.now() - started > 400;
  };
const select = (text: string): Select => parse(splitScript({ name: 'test', text })[0]!) as Select;
const pushId = async ({ engine, session, ask }: Asking): Promise<unknown> => {
  await ask(stream);
  await ask('CREATE STREAM o AS SELECT * FROM s;');
  const query = select('SELECT * FROM o EMIT CHANGES;');
  const opened = await openQuery(query, engine, session, () => new MemoryBackend());
  opened.close();
  return opened.id.replace(/_O_.*/, '');
};

const cases: Cases<SessionOption> = {
  'millrace.join.wait.ms': seen(
    'millrace.join.wait.ms',
    async ({ engine, ask }) => {
      await ask(stream);
      await ask(
        "CREATE TABLE t (k STRING PRIMARY KEY, v INT) WITH (kafka_topic='t', partitions=1, value_format='JSON');",
      );
      await ask('CREATE STREAM o AS SELECT s.k, t.v FROM s JOIN t FOR SYSTEM_TIME AS OF s.ROWTIME AS t ON s.k = t.k;');
      const { root } = engine.catalog.queries.get('CSAS_O_0')!.plan;
      return root.op === 'temporalJoin' ? root.versions.waitMs : root.op;
    },
    [
      ['0', 0],
      ['5000', 5000],
    ],
  ),
  'auto.offset.reset': seen(
    'auto.offset.reset',
    async ({ ask }) => {
      for (const statement of [stream, insert('a', 1), 'CREATE STREAM o AS SELECT * FROM s;', insert('a', 2)])
        await ask(statement);
      return outcome(await ask('SELECT v FROM o;'));
    },
    [
      ['earliest', [[1], [2]]],
      ['LATEST', [[2]]],
    ],
  ),
  // What a task on Kafka is told; the tests on a broker show it.
  'processing.guarantee': {
    see: (value) => Promise.resolve(runSettings({ 'processing.guarantee': value })),
    gives: [
      ['at_least_once', expectRun({ exactlyOnce: false, commit: { everyMs: 1000, behindMs: 1000 } })],
      ['exactly_once_v2', expectRun({ exactlyOnce: true, commit: { everyMs: 100, behindMs: 500 } })],
    ],
  },
  'commit.interval.ms': {
    see: (value) => Promise.resolve(runSettings({ 'commit.interval.ms': value }).commit),
    gives: [
      ['7', { everyMs: 7, behindMs: 7 }],
      ['5000', { everyMs: 5000, behindMs: 5000 }],
    ],
  },
  'ksql.logging.processing.rows.include': seen(
    'ksql.logging.processing.rows.include',
    async ({ engine, ask, settle }) => {
      await ask(stream);
      await ask('CREATE STREAM o AS SELECT k, 1 / v AS w FROM s;');
      await ask(insert('a', 0));
      await settle();
      const [line] = await consume(engine, 'test_ksql_processing_log');
      return /"record":(null|"(?:[^"\\]|\\.)*")/.exec(line!)?.[1];
    },
    [
      ['false', 'null'],
      ['true', String.raw`"{\"V\":0}"`],
    ],
    { 'auto.offset.reset': 'earliest' },
  ),
  'cache.max.bytes.buffering': seen(
    'cache.max.bytes.buffering',
    async ({ engine, ask, settle }) => {
      await ask(stream);
      const record = { key: 'a', value: '{"v":1}', timestamp: 1, partition: undefined };
      await engine.node.produce('s', [record, record, record]);
      await ask('CREATE TABLE t AS SELECT k, COUNT(*) AS n FROM s GROUP BY k;');
      await settle();
      return consume(engine, 'T');
    },
    [
      ['0', ['a@1 {"N":1}', 'a@1 {"N":2}', 'a@1 {"N":3}']],
      ['10000000', ['a@1 {"N":3}']],
    ],
  ),
  'max.task.idle.ms': seen(
    'max.task.idle.ms',
    async ({ ask, run, settle }) => {
      await ask(stream);
      await ask(
        "CREATE TABLE t (k STRING PRIMARY KEY, w INT) WITH (kafka_topic='t', partitions=1, value_format='JSON');",
      );
      await ask('CREATE STREAM j AS SELECT s.k AS k, t.w AS w FROM s LEFT JOIN t ON s.k = t.k;');
      await run(insert('a', 1, 1000));
      await pause(300);
      await run("INSERT INTO t (ROWTIME, k, w) VALUES (500, 'a', 7);");
      await settle();
      return outcome(await ask('SELECT w FROM j;'));
    },
    [
      ['0', [[null]]],
      ['20000', [[7]]],
    ],
  ),
  'ksql.idle.timeout.ms': seen(
    'ksql.idle.timeout.ms',
    async ({ engine, ask }) => {
      await ask(stream);
      await ask(
        'CREATE TABLE w AS SELECT k, COUNT(*) AS n FROM s WINDOW TUMBLING (SIZE 1 SECOND) GROUP BY k EMIT FINAL;',
      );
      await ask(insert('a', 1));
      await pause(700);
      return (await consume(engine, 'W')).length;
    },
    [
      ['0', 0],
      ['100', 1],
    ],
  ),
  'ksql.timestamp.throw.on.invalid': seen(
    'ksql.timestamp.throw.on.invalid',
    stateAfter('day STRING', ", timestamp='day', timestamp_format='yyyy-MM-dd'", '{"day":"soon"}'),
    [
      ['false', 'RUNNING'],
      ['true', 'ERROR'],
    ],
  ),
  'ksql.fail.on.deserialization.error': seen('ksql.fail.on.deserialization.error', stateAfter('v INT', '', 'no JSON'), [
    ['false', 'RUNNING'],
    ['true', 'ERROR'],
  ]),
  'ksql.fail.on.production.error': seen(
    'ksql.fail.on.production.error',
    stateAfter('v BIGINT', '', '{"v":-1}', "WITH (timestamp='v')"),
    [
      ['false', 'RUNNING'],
      ['true', 'ERROR'],
    ],
  ),
  'ksql.functions.collect_list.limit': seen('ksql.functions.collect_list.limit', collected('COLLECT_LIST'), [
    ['-1', [[[1, 2, 2, 3]]]],
    ['2', [[[1, 2]]]],
  ]),
  'ksql.functions.collect_set.limit': seen('ksql.functions.collect_set.limit', collected('COLLECT_SET'), [
    ['-1', [[[1, 2, 3]]]],
    ['2', [[[1, 2]]]],
  ]),
  'ksql.persistence.default.format.key': seen(
    'ksql.persistence.default.format.key',
    async ({ engine, ask }) => {
      await ask(stream);
      return engine.catalog.sources.get('S')!.spec.keyFormat.format;
    },
    [
      ['KAFKA', 'KAFKA'],
      ['JSON', 'JSON'],
    ],
  ),
  'ksql.persistence.default.format.value': seen(
    'ksql.persistence.default.format.value',
    async ({ engine, ask }) => {
      await ask("CREATE STREAM s (k STRING KEY, v INT) WITH (kafka_topic='s', partitions=1);");
      return engine.catalog.sources.get('S')!.spec.valueFormat.format;
    },
    [
      ['JSON', 'JSON'],
      ['DELIMITED', 'DELIMITED'],
    ],
  ),
  'ksql.persistence.wrap.single.values': seen(
    'ksql.persistence.wrap.single.values',
    async ({ engine, ask }) => {
      await ask(stream);
      await ask(insert('a', 1));
      return consume(engine, 'S');
    },
    [
      ['true', ['a@1 {"V":1}']],
      ['false', ['a@1 1']],
    ],
  ),
  'ksql.suppress.enabled': switched(
    'ksql.suppress.enabled',
    [stream, 'CREATE TABLE w AS SELECT k, COUNT(*) AS n FROM s WINDOW TUMBLING (SIZE 1 SECOND) GROUP BY k EMIT FINAL;'],
    'EMIT_FINAL_DISABLED',
  ),
  'ksql.output.topic.name.prefix': seen(
    'ksql.output.topic.name.prefix',
    async ({ engine, ask }) => {
      await ask(stream);
      await ask('CREATE STREAM o AS SELECT * FROM s;');
      return engine.catalog.sources.get('O')!.spec.topic;
    },
    [
      ['', 'O'],
      ['team-', 'team-O'],
    ],
  ),
  'ksql.lambdas.enabled': switched(
    'ksql.lambdas.enabled',
    [stream, 'CREATE STREAM o AS SELECT k, TRANSFORM(ARRAY[v], x => x + 1) AS vs FROM s;'],
    'SWITCHED_OFF',
  ),
  'ksql.headers.columns.enabled': switched(
    'ksql.headers.columns.enabled',
    ["CREATE STREAM h (b BYTES HEADER('b'), v INT) WITH (kafka_topic='s', partitions=1, value_format='JSON');"],
    'SWITCHED_OFF',
  ),
  'ksql.insert.into.values.enabled': switched(
    'ksql.insert.into.values.enabled',
    [stream, insert('a', 1)],
    'INSERT_VALUES',
  ),
  'ksql.create.or.replace.enabled': switched(
    'ksql.create.or.replace.enabled',
    [stream.replace('CREATE', 'CREATE OR REPLACE')],
    'REPLACE_REFUSED',
  ),
  'ksql.variable.substitution.enable': switched(
    'ksql.variable.substitution.enable',
    [stream, insert('a', 1), "DEFINE what = 'v';", 'SELECT ${what} FROM s;'],
    'SYNTAX_ERROR',
    [[1]],
  ),
  'ksql.query.persistent.active.limit': {
    see: answered(
      () => [stream, 'CREATE STREAM o AS SELECT * FROM s;', 'CREATE STREAM p AS SELECT * FROM s;'],
      (value) => ({ 'ksql.query.persistent.active.limit': value }),
    ),
    gives: [
      ['1', 'TOO_MANY_QUERIES'],
      ['2', 'done'],
    ],
  },
  'ksql.assert.topic.default.timeout.ms': seen(
    'ksql.assert.topic.default.timeout.ms',
    elapsed("ASSERT TOPIC 'nowhere';"),
    [
      ['0', false],
      ['600', true],
    ],
  ),
  'ksql.assert.schema.default.timeout.ms': seen(
    'ksql.assert.schema.default.timeout.ms',
    elapsed("ASSERT SCHEMA SUBJECT 'nowhere';"),
    [
      ['0', false],
      ['600', true],
    ],
  ),
  'ksql.pull.queries.enable': switched(
    'ksql.pull.queries.enable',
    [...table, "SELECT n FROM t WHERE k = 'a';"],
    'PULL_DISABLED',
    [[1]],
  ),
  'ksql.query.pull.memory.bytes': {
    see: answered(
      () => [...table, 'SELECT COUNT(*) AS c FROM t GROUP BY k;'],
      (value) => ({ 'ksql.query.pull.memory.bytes': value }),
    ),
    gives: [
      ['1', 'PULL_TOO_LARGE'],
      ['1000', [[1], [1]]],
    ],
  },
  // What the tasks that hold the table are told.
  'millrace.vector.memory.bytes': seen(
    'millrace.vector.memory.bytes',
    async ({ engine, ask }) => {
      await ask(
        "CREATE SOURCE TABLE t (k STRING PRIMARY KEY, v ARRAY<DOUBLE>) WITH (kafka_topic='t', partitions=1, value_format='JSON');",
      );
      const pull = vi.spyOn(engine.node, 'pull');
      await ask('SELECT k FROM t ORDER BY L2_DISTANCE(v, ARRAY[1.0]) LIMIT 1;');
      return pull.mock.calls[0]![2]?.nearest?.bytes;
    },
    [
      ['1', 1],
      ['5000000', 5000000],
    ],
  ),
  'ksql.query.pull.table.scan.enabled': switched(
    'ksql.query.pull.table.scan.enabled',
    [...table, 'SELECT n FROM t WHERE n = 1 LIMIT 1;'],
    'PULL_SCAN_DISABLED',
    [[1]],
  ),
  'ksql.query.pull.range.scan.enabled': {
    see: answered(
      () => [...table, "SELECT n FROM t WHERE k > 'a';"],
      (value) => ({
        'ksql.query.pull.table.scan.enabled': 'false',
        'ksql.query.pull.range.scan.enabled': value,
      }),
    ),
    gives: [
      ['false', 'PULL_SCAN_DISABLED'],
      ['true', [[1]]],
    ],
  },
  'ksql.query.pull.stream.enabled': switched(
    'ksql.query.pull.stream.enabled',
    [stream, insert('a', 1), 'SELECT v FROM s;'],
    'PULL_DISABLED',
    [[1]],
  ),
  'ksql.query.pull.limit.clause.enabled': switched(
    'ksql.query.pull.limit.clause.enabled',
    [stream, insert('a', 1), 'SELECT v FROM s LIMIT 1;'],
    'PULL_DISABLED',
    [[1]],
  ),
  'ksql.query.push.v2.enabled': seen(
    'ksql.query.push.v2.enabled',
    pushId,
    [
      ['false', 'transient'],
      ['true', 'SCALABLE_PUSH_QUERY'],
    ],
    { 'auto.offset.reset': 'latest' },
  ),
  'ksql.max.push.queries': {
    see: answered(
      () => [stream, insert('a', 1), 'SELECT v FROM s EMIT CHANGES LIMIT 1;'],
      (value) => ({ 'ksql.max.push.queries': value }),
    ),
    gives: [
      ['0', 'TOO_MANY_PUSH_QUERIES'],
      ['1', [[1]]],
    ],
  },
};

function expectRun(said: { readonly exactlyOnce: boolean; readonly commit: RunSettings['commit'] }): unknown {
  return { ...runSettings({}), ...said };
}

runCases(sessionOptions, cases);
