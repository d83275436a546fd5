import type { Span } from '../diagnostics/source.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import type { AssertSchema, AssertSource, AssertTopic, AssertValues } from '../syntax/statements/assert.ts';
import { entity, type Handler } from './handler.ts';

const pollMs = 50;

/** Repeats a check until it passes (undefined); at the timeout its last problem is the error. */
async function poll(timeoutMs: number, span: Span, problem: () => Promise<string | undefined>): Promise<void> {
  const end = Date.now() + timeoutMs;
  for (;;) {
    const why = await problem();
    if (why === undefined) return;
    if (Date.now() >= end) throw new SqlError('ASSERTION_FAILED', span, { why });
    await new Promise((resolve) => setTimeout(resolve, Math.min(pollMs, Math.max(1, end - Date.now()))));
  }
}

export const assertTopic: Handler<AssertTopic> = async (statement, { engine, session, text }) => {
  const { topic, exists, properties, span } = statement;
  const timeout = statement.timeout?.ms ?? session.read('ksql.assert.topic.default.timeout.ms');
  const wanted = properties.map(({ name, value, span: at }) => {
    if (name !== 'PARTITIONS' && name !== 'REPLICAS')
      throw new SqlError('INVALID_PROPERTY', at, { name, suggestion: undefined });
    return { field: name === 'PARTITIONS' ? ('partitions' as const) : ('replicas' as const), value: Number(value) };
  });
  await poll(timeout, span, async () => {
    const description = await engine.node.describeTopic(topic);
    if (!exists) return description === undefined ? undefined : `topic "${topic}" exists`;
    if (description === undefined) return `topic "${topic}" does not exist`;
    const wrong = wanted.find(({ field, value }) => description[field] !== value);
    return wrong && `topic "${topic}" has ${description[wrong.field]} ${wrong.field}, not ${wrong.value}`;
  });
  return entity('assert_topic', text, { topicName: topic, exists });
};

export const assertSchema: Handler<AssertSchema> = async (statement, { engine, session, text }) => {
  const { subject, exists, span } = statement;
  const timeout = statement.timeout?.ms ?? session.read('ksql.assert.schema.default.timeout.ms');
  if (subject === undefined && statement.id === undefined)
    throw new SqlError('ASSERTION_INVALID', span, { why: 'ASSERT SCHEMA needs SUBJECT or ID' });
  const id = statement.id === undefined ? undefined : Number(statement.id);
  if (id !== undefined && !Number.isInteger(id))
    throw new SqlError('ASSERTION_INVALID', span, { why: 'the ID of a schema is a whole number' });
  const { registry } = engine;
  const what = [
    ...(subject === undefined ? [] : [`subject "${subject}"`]),
    ...(id === undefined ? [] : [`id ${id}`]),
  ].join(' with ');
  await poll(timeout, span, async () => {
    const latest = subject === undefined ? undefined : await registry.latest(subject);
    const byId = id === undefined ? undefined : await registry.byId(id);
    const there =
      subject === undefined ? byId !== undefined : id === undefined ? latest !== undefined : latest?.id === id;
    if (there === exists) return undefined;
    return `${what} ${there ? 'exists' : 'does not exist'} in the schema registry`;
  });
  return entity('assert_schema', text, { subject: subject ?? null, id: id ?? null, exists });
};

/** Assertions about records and sources are only available in `millrace test`. */
const testOnly: Handler<AssertValues | AssertSource> = (statement) => {
  throw new SqlError('TEST_STATEMENT', statement.span, {});
};
export const assertValues: Handler<AssertValues> = testOnly;
export const assertSource: Handler<AssertSource> = testOnly;
