import { insertOptions } from '../../../../src/analysis/source-options.ts';
import { allSteps } from '../../../../src/plan/physical/step.ts';
import { onEngine, outcome, runCases, type Case } from './cases.ts';

const copied = "CREATE STREAM s (k STRING KEY, v INT) WITH (kafka_topic='s', partitions=1, value_format='JSON');";
const wait = (into: (value: string) => string): Case => ({
  see: (value) =>
    onEngine({}, async ({ engine, ask }) => {
      await ask(copied);
      await ask(
        "CREATE TABLE t (k STRING PRIMARY KEY, v INT) WITH (kafka_topic='t', partitions=1, value_format='JSON');",
      );
      await ask("CREATE STREAM o (k STRING KEY, v INT) WITH (kafka_topic='o', partitions=1, value_format='JSON');");
      const text = await ask(
        `${into(value)} SELECT s.k AS k, t.v AS v FROM s JOIN t FOR SYSTEM_TIME AS OF s.ROWTIME AS t ON s.k = t.k;`,
      );
      if (text.startsWith('!')) return outcome(text);
      const [query] = engine.catalog.queries.values();
      return allSteps(query!.plan.root).flatMap((step) => (step.op === 'temporalJoin' ? step.versions.waitMs : []))[0];
    }),
  gives: [
    ['5 SECONDS', 5000],
    ['soon', 'INVALID_PROPERTY_VALUE'],
  ],
});
runCases(insertOptions, {
  JOIN_WAIT: wait((value) => `INSERT INTO o WITH (JOIN_WAIT='${value}')`),
  QUERY_ID: {
    see: (value) =>
      onEngine({}, async ({ engine, ask }) => {
        await ask(copied);
        await ask("CREATE STREAM o (k STRING KEY, v INT) WITH (kafka_topic='o', partitions=1, value_format='JSON');");
        const text = await ask(`INSERT INTO o WITH (QUERY_ID='${value}') SELECT * FROM s;`);
        return text.startsWith('!') ? outcome(text) : [...engine.catalog.queries.keys()];
      }),
    gives: [
      ['mine', ['MINE']],
      ['theirs', ['THEIRS']],
    ],
  },
});
