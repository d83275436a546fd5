import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunningNode } from '../../src/cli/start-node.ts';
import { ksql, startWith } from '../support/access.ts';
import { newFolder } from '../support/files.ts';

const program = process.env['MILLRACE_TEST_SCHEMATHESIS'];
const missing = program === undefined ? ': MILLRACE_TEST_SCHEMATHESIS names no schemathesis' : '';
/** Of other nodes; what would end the node's work for all after it; and lines, which schemathesis does not make. */
const left = ['/peer/rows', '/ksql/terminate', '/inserts-stream'];

let node: RunningNode;
beforeAll(async () => {
  node = await startWith({ 'ksql.server.command.response.timeout.ms': '0' });
  const { status } = await ksql(
    node,
    {},
    `CREATE STREAM s (k STRING KEY, v INT) WITH (kafka_topic='s', value_format='AVRO', partitions=1);
     CREATE TABLE t AS SELECT k, COUNT(*) AS n FROM s GROUP BY k;
     CREATE FEATURE VIEW f ENTITY KEY (k) AS SELECT k, v FROM s EMIT CHANGES;
     INSERT INTO s (k, v) VALUES ('a', 1);`,
  );
  expect(status).toBe(200);
});
afterAll(() => node.close());

test.skipIf(missing !== '')(
  `what a node answers to requests made from its description is described${missing}`,
  async () => {
    const config = join(import.meta.dirname, 'schemathesis.toml');
    const phases = ['--phases', 'examples,coverage,fuzzing', '--seed', '1', '--max-examples', '10'];
    const bounded = ['--generation-database', 'none', '--request-timeout', '60', '--suppress-health-check', 'all'];
    const without = left.flatMap((path) => ['--exclude-path', path]);
    const args = ['--config-file', config, 'run', `${node.server.url}/openapi.json`, '--no-color'];
    // It keeps what it generates in the folder where it runs.
    const run = promisify(execFile)(program!, [...args, ...phases, ...bounded, ...without], { cwd: newFolder() });
    const said = await run.then(
      ({ stdout }) => stdout,
      (error: unknown) => {
        const { stdout, stderr } = error as { readonly stdout: string; readonly stderr: string };
        return stdout + stderr;
      },
    );
    const [, selected, total, tested] = /Selected: (\d+)\/(\d+)\n +Tested: (\d+)\n/.exec(said)!.map(Number);
    expect([tested, total! - selected!], said).toEqual([selected, left.length]);
    expect(said).toMatch(/\d{3,} generated/);
    expect(said).not.toMatch(/FAILURES|ERRORS/);
  },
  900_000,
);
