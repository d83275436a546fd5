import { expect, test } from 'vitest';
import { processingLogColumns, processingLogTopic } from '../../../src/runtime/sinks/processing-log.ts';
import { openEngine } from '../../support/memory-node.ts';
import { consume } from '../../support/topics.ts';

/** What the processing log has of records that fail in each way, by statements as they are written for ksqlDB. */
async function logged(rows: string): Promise<string[]> {
  const { engine, run, settle, close } = await openEngine(undefined, { 'ksql.logging.processing.rows.include': rows });
  const topic = processingLogTopic('test_');
  await run(`
    CREATE STREAM KSQL_PROCESSING_LOG (${processingLogColumns}) WITH (KAFKA_TOPIC='${topic}', PARTITIONS=1, VALUE_FORMAT='JSON');
    CREATE STREAM s (k INT KEY, n INT) WITH (kafka_topic='s', value_format='JSON', partitions=1);
    CREATE STREAM o AS SELECT k, 10 / n AS q FROM s WHERE 4 / (n - 5) < 3;
    CREATE STREAM d (k INT KEY, a STRING) WITH (kafka_topic='d', value_format='JSON', partitions=1, timestamp='a', timestamp_format='yyyy');
    CREATE STREAM e AS SELECT k, a FROM d;
    CREATE STREAM read_errors AS SELECT message->type AS type, message->deserializationError->target AS target,
      message->deserializationError->errorMessage AS message, message->deserializationError->\`topic\` AS from_topic,
      FROM_BYTES(TO_BYTES(message->\`deserializationError\`->\`recordB64\`, 'base64'), 'utf8') AS record, level
      FROM KSQL_PROCESSING_LOG WHERE message->deserializationError IS NOT NULL;
    CREATE STREAM row_errors AS SELECT logger, message->type AS type, MESSAGE->RECORDPROCESSINGERROR->ERRORMESSAGE AS message,
      message->recordProcessingError->record AS record, source_offset FROM KSQL_PROCESSING_LOG WHERE message->type = 1;`);
  const records = (name: string, ...given: (readonly [string, string])[]): Promise<unknown> =>
    engine.node.produce(
      name,
      given.map(([key, value]) => ({ key, value, timestamp: 1, partition: undefined })),
    );
  const number = '\u0000\u0000\u0000\u0001';
  await records(
    's',
    [number, '{"n":'],
    ['x', '{"n":1}'],
    [number, '{"n":5}'],
    [number, '{"n":0}'],
    [number, '{"n":1}'],
  );
  await records('d', [number, '{"a":"year"}']);
  await settle();
  const told = [...(await consume(engine, 'READ_ERRORS')), ...(await consume(engine, 'ROW_ERRORS'))];
  await close();
  return told.map((row) => row.replace(/^null@\d+ /, '').replace(/CSAS_(\w)_\d+/, 'CSAS_$1'));
}

test("the processing log has ksqlDB's columns, and the records if a setting says so", async () => {
  const withRecords = await logged('true');
  expect(withRecords).toMatchInlineSnapshot(`
    [
      "{"TYPE":0,"TARGET":"value","MESSAGE":"value: not JSON at offset 5: {\\"n\\":","FROM_TOPIC":"s","RECORD":"{\\"n\\":","LEVEL":"ERROR"}",
      "{"TYPE":0,"TARGET":"key","MESSAGE":"key: 4 bytes are needed, not 1","FROM_TOPIC":"s","RECORD":"x","LEVEL":"ERROR"}",
      "{"TYPE":0,"TARGET":"value","MESSAGE":"timestamp: cannot parse \\"year\\" with \\"yyyy\\": it does not match","FROM_TOPIC":"d","RECORD":"{\\"a\\":\\"year\\"}","LEVEL":"ERROR"}",
      "{"LOGGER":"processing.CSAS_O.processor","TYPE":1,"MESSAGE":"division by zero","RECORD":"{\\"n\\":5}","SOURCE_OFFSET":2}",
      "{"LOGGER":"processing.CSAS_O.processor","TYPE":1,"MESSAGE":"division by zero","RECORD":"{\\"n\\":0}","SOURCE_OFFSET":3}",
    ]
  `);
  const without = await logged('false');
  expect(without).toEqual(withRecords.map((row) => row.replace(/"RECORD":"(?:[^"\\]|\\.)*"/, '"RECORD":null')));
});
