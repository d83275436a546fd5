import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { insertOptions, sinkOptions, sourceOptions } from '../../../../src/analysis/source-options.ts';
import { evaluationOptions, invokeOptions, modelOptions } from '../../../../src/config/model-options.ts';
import { providers, userProviderOptions } from '../../../../src/config/provider-options.ts';
import type { Option } from '../../../../src/config/option.ts';
import { serverOptions } from '../../../../src/config/server-options.ts';
import { sessionOptions } from '../../../../src/config/session-options.ts';
import { namesWithoutMeaning, onlyValues } from '../../../../src/config/without-meaning.ts';
import { monitorOptions } from '../../../../src/engine/monitors/options.ts';
import { backfillOptions } from '../../../../src/statements/backfill-options.ts';
import { trainingSetOptions } from '../../../../src/statements/training-set-options.ts';
import { viewOptions } from '../../../../src/statements/view-options.ts';

const cell = (text: string): string => text.replaceAll('|', '\\|');
const code = (text: string): string => `\`${text}\``;
const table = (options: readonly Option[]): string[] => [
  '| Name | Value | Default | What it does |',
  '| --- | --- | --- | --- |',
  ...options.map(({ name, type, default: otherwise, doc }) =>
    cell(`${code(name)} @ ${type} @ ${otherwise ? code(otherwise) : ''} @ ${doc}`)
      .replace(/^(.*)$/, '| $1 |')
      .replaceAll(' @ ', ' | '),
  ),
  '',
];
const providerTables = Object.entries(providers).flatMap(([name, { own, needed }]) => [
  `### PROVIDER='${name.toLowerCase()}'`,
  '',
  `It needs ${needed.map(code).join(' and ')}.`,
  '',
  ...table(own.options),
]);

/** The page of all settings and options, as their tables have them. */
const page = [
  '# Settings and options',
  '',
  'Every name that a server, a session or a WITH clause takes. The page is written from the tables of the code (`GOLDEN_UPDATE=1`',
  'with the tests), and each option has a test that gives it two values and sees two behaviours. A name that stands in none of',
  'them is refused with the nearest one.',
  '',
  '## The server',
  '',
  'Flags (`--set name=value`) win over the environment (`MILLRACE_STATE_DIR`, `KSQL_BOOTSTRAP_SERVERS`), that over a file (`-c`).',
  '',
  ...table(serverOptions.options),
  '## Sessions',
  '',
  "`SET 'name'='value'`, a request's `streamsProperties`, ALTER SYSTEM, and defaults of all sessions in the server's settings. The",
  'prefixes `ksql.streams.`, `consumer.`, `producer.`, `main.consumer.` and the like may stand before them.',
  '',
  ...table(sessionOptions.options),
  '## CREATE STREAM and CREATE TABLE',
  '',
  ...table(sourceOptions.options),
  `With AS SELECT: ${sinkOptions.names.map(code).join(', ')}.`,
  '',
  '## INSERT INTO … SELECT',
  '',
  ...table(insertOptions.options),
  '## CREATE FEATURE VIEW',
  '',
  ...table(viewOptions.options),
  'And those of AS SELECT.',
  '',
  'CREATE FEATURE SERVICE has OWNER and TAGS; ALTER FEATURE VIEW sets TTL, COMMENT, OWNER, TAGS and FRESHNESS.',
  '',
  '## CREATE TRAINING SET',
  '',
  ...table(trainingSetOptions.options),
  '## BACKFILL FEATURE VIEW',
  '',
  ...table(backfillOptions.options),
  '## CREATE MONITOR',
  '',
  ...table(monitorOptions.options),
  'And those of AS SELECT for the topic of what it tells.',
  '',
  '## CREATE MODEL and ALTER MODEL',
  '',
  ...table(modelOptions.options),
  ...providerTables,
  '### A provider of your own',
  '',
  'Those that its module declares ([models.md](models.md#a-provider-of-your-own)), and:',
  '',
  ...table(userProviderOptions.options),
  '## INVOKE MODEL',
  '',
  ...table(invokeOptions.options),
  '## ML_EVALUATE',
  '',
  ...table(evaluationOptions.options),
  'And those of INVOKE MODEL, all in CONFIG.',
  '',
  '## ksqlDB and Kafka: accepted only so',
  '',
  'These are refused with any other value, since nobody would obey it. Settings about security that stand in no table above are',
  'always refused.',
  '',
  '| Name | Accepted |',
  '| --- | --- |',
  ...Object.entries(onlyValues).map(
    ([name, values]) => `| ${code(name)} | ${values.map(code).join(', ') || 'never'} |`,
  ),
  '',
  '## ksqlDB and Kafka: accepted with a warning',
  '',
  'They say how ksqlDB, Kafka Streams and Kafka’s clients do their work, and mean nothing here. So do names that begin with `topic.`',
  'and those in `__`.',
  '',
  namesWithoutMeaning.map(code).join(', '),
  '',
].join('\n');

test('docs/settings.md is what the tables say', () => {
  const file = new URL('../../../../docs/settings.md', import.meta.url);
  if (process.env['GOLDEN_UPDATE'] === '1') writeFileSync(file, page);
  expect(readFileSync(file, 'utf8')).toBe(page);
});
