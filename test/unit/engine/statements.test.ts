import { expect, test } from 'vitest';
import { SqlError } from '../../../src/diagnostics/sql-error.ts';
import { Session } from '../../../src/engine/session.ts';
import { executeScript } from '../../../src/statements/index.ts';
import { openHarness } from '../../conformance/run-case.ts';

async function refusal(text: string, setUp?: (harness: ReturnType<typeof openHarness>) => void): Promise<string> {
  const harness = openHarness('refusals_');
  setUp?.(harness);
  try {
    await executeScript({ name: 'test', text }, harness.engine, new Session(harness.engine.defaults));
    return 'nothing';
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    return `${error.code}: ${error.message}`;
  }
}
const source = "CREATE STREAM s (a INT) WITH (kafka_topic='s', value_format='JSON', partitions=1);";

test('a statement whose plan takes all of the stack is refused', async () => {
  const recurse = (n: number): number => recurse(n + 1) + 1;
  const why = await refusal(source, ({ engine }) => {
    engine.change = () => Promise.resolve().then(() => recurse(0) as never);
  });
  expect(why).toMatch(/^STATEMENT_TOO_COMPLEX: /);
});

test('a registry that does not answer fails the statement that asks it', async () => {
  const declared = "CREATE STREAM s WITH (kafka_topic='s', value_format='AVRO', partitions=1);";
  const why = await refusal(declared, ({ known }) => {
    known.registry.latest = () => Promise.reject(new TypeError('connect ECONNREFUSED'));
  });
  expect(why).toMatch(/^REGISTRY_DOWN: .*ECONNREFUSED/);
});
