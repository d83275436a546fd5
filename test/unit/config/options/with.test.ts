import type { sinkOptions } from '../../../../src/analysis/source-options.ts';
import { sourceOptions } from '../../../../src/analysis/source-options.ts';
import type { Option, OptionTable } from '../../../../src/config/option.ts';
import { schemaText } from '../../../../src/types/schema.ts';
import { MemoryConnect } from '../../../support/memory-connect.ts';
import { openEngine } from '../../../support/memory-node.ts';
import { newFolder } from '../../../support/files.ts';
import { consume } from '../../../support/topics.ts';
import { declared, onEngine, outcome, runCases, windowed, type Asking, type Case, type Cases } from './cases.ts';
import { datagenCases } from './datagen.ts';
import { outsideCases } from './stores.ts';

type NameOf<T> = T extends OptionTable<infer O extends Option> ? O : never;

const spec = ({ engine }: Asking, name = 'S') => engine.catalog.sources.get(name)!.spec;
const written = async ({ engine, ask }: Asking, insert: string): Promise<unknown> => {
  await ask(insert);
  return consume(engine, 'S');
};
const one = "INSERT INTO s (ROWTIME, k, v, w) VALUES (1, 'a', 1, 2);";
const two = { columns: 'k1 STRING KEY, k2 STRING KEY, v INT' };
const inserted = "INSERT INTO s (ROWTIME, k1, k2, v) VALUES (1, 'a', 'b', 1);";
const protobuf = (role: 'key' | 'value', bytes: (node: Asking) => Promise<unknown>, gives: Case['gives']): Case =>
  declared(`${role}_protobuf_nullable_representation`, gives, bytes, {
    others: `kafka_topic='s', partitions=1, format='PROTOBUF'`,
    columns: 'k1 STRING KEY, k2 INT KEY, v INT, w INT',
  });
const schemaOf =
  (role: 'key' | 'value') =>
  async ({ engine }: Asking): Promise<unknown> =>
    (await engine.registry.latest(`s-${role}`))?.text.match(/optional|wrappers/)?.[0] ?? 'plain';
const byId = (name: string): Case => ({
  see: (value) =>
    onEngine({}, async ({ engine, ask }) => {
      for (const field of ['A', 'B'])
        await engine.registry.register(field, {
          type: 'JSON',
          text: `{"type":"object","properties":{"${field}":{"type":"integer"}}}`,
          references: [],
        });
      const role = name.startsWith('KEY') ? 'KEY_FORMAT' : 'VALUE_FORMAT';
      const other = name.startsWith('KEY')
        ? "(v INT) WITH (value_format='JSON',"
        : "(k STRING KEY) WITH (key_format='KAFKA',";
      const text = await ask(
        `CREATE STREAM s ${other} kafka_topic='s', partitions=1, ${role}='JSON_SR', ${name}=${value});`,
      );
      if (text.startsWith('!')) return text;
      return schemaText(engine.catalog.sources.get('S')!.spec.schema);
    }),
  gives: [
    ['1', name.startsWith('KEY') ? '`ROWKEY` STRUCT<`A` BIGINT> KEY, `V` INTEGER' : '`K` STRING KEY, `A` BIGINT'],
    ['2', name.startsWith('KEY') ? '`ROWKEY` STRUCT<`B` BIGINT> KEY, `V` INTEGER' : '`K` STRING KEY, `B` BIGINT'],
  ],
});
const fullName = (name: string, role: 'key' | 'value'): Case =>
  declared(
    name,
    [
      ['shop.First', 'First'],
      ['shop.Second', 'Second'],
    ],
    async ({ engine }) =>
      (JSON.parse((await engine.registry.latest(`s-${role}`))!.text) as { name: string }).name.split('.').at(-1),
    { others: `kafka_topic='s', partitions=1, format='AVRO'`, ...two },
  );

const folder = newFolder();
const sized = (name: string, field: 'rowsPerFile' | 'rollMs', gives: Case['gives']): Case =>
  declared(name, gives, ({ engine }) => engine.catalog.queries.get('EXPORT_S_0')!.plan.files![field], {
    others: `${windowed}, sink='parquet', path='${newFolder()}'`,
  });

const sink: Cases<Exclude<NameOf<typeof sinkOptions>, { readonly name: 'JOIN_WAIT' }>> = {
  HISTORY: declared(
    'history',
    [
      ['2 HOURS', 7_200_000],
      ['soon', 'INVALID_PROPERTY_VALUE'],
    ],
    ({ engine }) => engine.catalog.sources.get('S')!.historyMs,
    { others: windowed },
  ),
  STATE_TTL: {
    see: (value) =>
      onEngine({}, async ({ engine, ask }) => {
        await ask("CREATE STREAM s (k STRING KEY, v INT) WITH (kafka_topic='s', partitions=1, value_format='JSON');");
        const first = 'QUALIFY ROW_NUMBER() OVER (PARTITION BY k ORDER BY ROWTIME) = 1';
        const text = await ask(`CREATE STREAM o WITH (state_ttl='${value}') AS SELECT k, v FROM s ${first};`);
        if (text.startsWith('!')) return outcome(text);
        for (const time of [1, 4000, 7000]) await ask(`INSERT INTO s (ROWTIME, k, v) VALUES (${time}, 'a', ${time});`);
        return consume(engine, 'O');
      }),
    gives: [
      ['1 SECOND', ['a@1 {"V":1}', 'a@4000 {"V":4000}', 'a@7000 {"V":7000}']],
      ['5 SECONDS', ['a@1 {"V":1}', 'a@7000 {"V":7000}']],
    ],
  },
  KAFKA_TOPIC: declared(
    'kafka_topic',
    [
      ['one', 'one'],
      ['other', 'other'],
    ],
    (node) => spec(node).topic,
    { others: "partitions=1, value_format='JSON'" },
  ),
  SINK: declared(
    'sink',
    [
      ['parquet', 'EXPORT_S_0'],
      ['csv', 'INVALID_PROPERTY_VALUE'],
    ],
    ({ engine }) => [...engine.catalog.queries.keys()].join(),
    { others: `${windowed}, path='${newFolder()}'` },
  ),
  PATH: declared(
    'path',
    [
      [`${folder}/one`, `${folder}/one`],
      [`${folder}/two`, `${folder}/two`],
    ],
    ({ engine }) => engine.catalog.queries.get('EXPORT_S_0')!.plan.files!.path,
    { others: `${windowed}, sink='parquet'` },
  ),
  ...outsideCases,
  ROWS_PER_FILE: sized('rows_per_file', 'rowsPerFile', [
    ['100', 100],
    ['0', 'INVALID_PROPERTY_VALUE'],
  ]),
  ROLL_INTERVAL: sized('roll_interval', 'rollMs', [
    ['10 SECONDS', 10_000],
    ['soon', 'INVALID_PROPERTY_VALUE'],
  ]),
  PARTITIONS: declared(
    'partitions',
    [
      ['1', 1],
      ['3', 3],
    ],
    async ({ engine }) => (await engine.node.describeTopic('s'))!.partitions,
    { others: "kafka_topic='s', value_format='JSON'" },
  ),
  REPLICAS: declared(
    'replicas',
    [
      ['1', 'done'],
      ['0', 'INVALID_PROPERTY_VALUE'],
    ],
    () => 'done',
  ),
  RETENTION_MS: {
    see: (value) =>
      onEngine({}, async ({ engine, ask }) => {
        const made: string[] = [];
        const create = engine.node.createTopic.bind(engine.node);
        engine.node.createTopic = (name, settings) => {
          made.push(settings.config['retention.ms'] ?? 'none');
          return create(name, settings);
        };
        await ask(
          `CREATE STREAM s (v INT) WITH (kafka_topic='s', partitions=1, value_format='JSON', retention_ms=${value});`,
        );
        return made;
      }),
    gives: [
      ['1000', ['1000']],
      ['-1', ['-1']],
    ],
  },
  RETENTION_BYTES: {
    see: (value) =>
      onEngine({}, async ({ engine, ask }) => {
        const made: string[] = [];
        const create = engine.node.createTopic.bind(engine.node);
        engine.node.createTopic = (name, settings) => {
          made.push(settings.config['retention.bytes'] ?? 'none');
          return create(name, settings);
        };
        await ask(
          `CREATE STREAM s (v INT) WITH (kafka_topic='s', partitions=1, value_format='JSON', retention_bytes=${value});`,
        );
        return made;
      }),
    gives: [
      ['1000', ['1000']],
      ['-1', ['-1']],
    ],
  },
  FORMAT: declared(
    'format',
    [
      ['JSON', ['JSON', 'JSON']],
      ['DELIMITED', ['DELIMITED', 'DELIMITED']],
    ],
    (node) => [spec(node).keyFormat.format, spec(node).valueFormat.format],
    { others: "kafka_topic='s', partitions=1" },
  ),
  KEY_FORMAT: declared(
    'key_format',
    [
      ['KAFKA', ['a@1 {"V":1,"W":2}']],
      ['JSON', ['"a"@1 {"V":1,"W":2}']],
    ],
    (node) => written(node, one),
  ),
  VALUE_FORMAT: declared(
    'value_format',
    [
      ['JSON', ['a@1 {"V":1,"W":2}']],
      ['DELIMITED', ['a@1 1,2']],
    ],
    (node) => written(node, one),
    { others: "kafka_topic='s', partitions=1" },
  ),
  KEY_DELIMITER: declared(
    'key_delimiter',
    [
      [';', ['a;b@1 {"V":1}']],
      ['SPACE', ['a b@1 {"V":1}']],
    ],
    (node) => written(node, inserted),
    { others: "kafka_topic='s', partitions=1, key_format='DELIMITED', value_format='JSON'", ...two },
  ),
  VALUE_DELIMITER: declared(
    'value_delimiter',
    [
      [';', ['a@1 1;2']],
      ['|', ['a@1 1|2']],
    ],
    (node) => written(node, one),
    { others: "kafka_topic='s', partitions=1, value_format='DELIMITED'" },
  ),
  KEY_SCHEMA_ID: byId('KEY_SCHEMA_ID'),
  VALUE_SCHEMA_ID: byId('VALUE_SCHEMA_ID'),
  KEY_SCHEMA_FULL_NAME: fullName('key_schema_full_name', 'key'),
  VALUE_SCHEMA_FULL_NAME: fullName('value_schema_full_name', 'value'),
  VALUE_AVRO_SCHEMA_FULL_NAME: fullName('value_avro_schema_full_name', 'value'),
  KEY_PROTOBUF_NULLABLE_REPRESENTATION: protobuf('key', schemaOf('key'), [
    ['OPTIONAL', 'optional'],
    ['WRAPPER', 'wrappers'],
  ]),
  VALUE_PROTOBUF_NULLABLE_REPRESENTATION: protobuf('value', schemaOf('value'), [
    ['OPTIONAL', 'optional'],
    ['WRAPPER', 'wrappers'],
  ]),
  WRAP_SINGLE_VALUE: declared(
    'wrap_single_value',
    [
      ['true', ['a@1 {"V":1}']],
      ['false', ['a@1 1']],
    ],
    (node) => written(node, "INSERT INTO s (ROWTIME, k, v) VALUES (1, 'a', 1);"),
    { columns: 'k STRING KEY, v INT' },
  ),
  TIMESTAMP: declared(
    'timestamp',
    [
      ['v', [[7]]],
      ['w', [[9]]],
    ],
    async ({ ask }) => {
      await ask("INSERT INTO s (ROWTIME, k, v, w) VALUES (1, 'a', 7, 9);");
      return outcome(await ask('SELECT ROWTIME FROM s;'));
    },
    { columns: 'k STRING KEY, v BIGINT, w BIGINT' },
  ),
  TIMESTAMP_FORMAT: declared(
    'timestamp_format',
    [
      ['yyyy-MM-dd', [[Date.UTC(2020, 1, 3)]]],
      ['yyyy-dd-MM', [[Date.UTC(2020, 2, 2)]]],
    ],
    async ({ ask }) => {
      await ask("INSERT INTO s (ROWTIME, k, day) VALUES (1, 'a', '2020-02-03');");
      return outcome(await ask('SELECT ROWTIME FROM s;'));
    },
    {
      columns: 'k STRING KEY, day STRING',
      others: "kafka_topic='s', partitions=1, value_format='JSON', timestamp='day'",
    },
  ),
};

const connector = (name: string): Case => ({
  see: async (value) => {
    const node = await openEngine(undefined, {}, new MemoryConnect());
    await node.run("CREATE SOURCE CONNECTOR lines WITH ('connector.class'='x');");
    await node.run(
      `CREATE STREAM s (v INT) WITH (kafka_topic='s', partitions=1, value_format='JSON', ${name}='${value}');`,
    );
    const [told] = (await node.run('DESCRIBE CONNECTOR lines;')) as { sources: { name: string }[] }[];
    const [described] = (await node.run('DESCRIBE s;')) as { sourceDescription: { connector: string } }[];
    await node.close();
    return [told!.sources.map((source) => source.name), described!.sourceDescription.connector];
  },
  gives: [
    ['LINES', [['S'], 'LINES']],
    ['OTHER', [[], 'OTHER']],
  ],
});

runCases(sourceOptions, {
  ...sink,
  ...datagenCases,
  WINDOW_TYPE: declared(
    'window_type',
    [
      ['SESSION', { type: 'SESSION', sizeMs: undefined }],
      ['HOPPING', 'PROPERTY_MISSING'],
    ],
    (node) => spec(node).window,
    { others: windowed },
  ),
  WINDOW_SIZE: declared(
    'window_size',
    [
      ['10 SECONDS', { type: 'TUMBLING', sizeMs: 10_000 }],
      ['1 DAY', { type: 'TUMBLING', sizeMs: 86_400_000 }],
    ],
    (node) => spec(node).window,
    { others: `${windowed}, window_type='TUMBLING'` },
  ),
  SOURCE_CONNECTOR: connector('source_connector'),
  SOURCED_BY_CONNECTOR: connector('sourced_by_connector'),
});
