/**
 * Writes `test/stored/<number>`: the folder of an engine with a query for every kind of step, as this version stores it, with what it
 * must give after it was opened again and has read more. `node dist/test/stored/make.js <number>` after `npm run -s prepare-dist`.
 * An entry stays as it is once a version was released: `stored.test.ts` loads every one.
 */
import { cpSync, mkdtempSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { everyStepSql } from '../support/every-step.ts';
import { openEngine, type TestEngine } from '../support/memory-node.ts';
import { resultsOf, runEach, storedFolder } from './entries.ts';

/** Conflated windows are kept in another form than those of which every change is sent. */
const conflated = `SET 'cache.max.bytes.buffering' = '1000000';
CREATE TABLE panes AS SELECT id, SUM(n) AS total FROM s WINDOW HOPPING (SIZE 10 SECONDS, ADVANCE BY 1 SECOND) GROUP BY id;`;
const before = [
  `INSERT INTO t (ROWTIME, id, m) VALUES (1000, 'a', 10);`,
  `INSERT INTO t (ROWTIME, id, m) VALUES (1001, 'b', 20);`,
  `INSERT INTO u (ROWTIME, id, boss, p) VALUES (1002, 'a', 'b', 1);`,
  `INSERT INTO s (ROWTIME, id, n, tags) VALUES (2000, 'a', 3, ARRAY['x', 'y']);`,
  `INSERT INTO s (ROWTIME, id, n, tags) VALUES (3000, 'a', 4, ARRAY['z']);`,
  `INSERT INTO r (ROWTIME, id, o) VALUES (2500, 'a', 7);`,
  `INSERT INTO s (ROWTIME, id, n, tags) VALUES (3100, 'b', 5, ARRAY['q']);`,
];
const after = [
  `INSERT INTO s (ROWTIME, id, n, tags) VALUES (4000, 'a', 5, ARRAY['w']);`,
  `INSERT INTO r (ROWTIME, id, o) VALUES (4500, 'a', 8);`,
  `INSERT INTO t (ROWTIME, id, m) VALUES (5000, 'b', 21);`,
  `INSERT INTO u (ROWTIME, id, boss, p) VALUES (5001, 'b', 'a', 2);`,
  `INSERT INTO s (ROWTIME, id, n, tags) VALUES (30000, 'b', 9, ARRAY['v']);`,
];

async function begun(folder: string): Promise<TestEngine> {
  const engine = await openEngine(folder);
  await engine.run(everyStepSql);
  await engine.run(conflated);
  await runEach(engine, before);
  return engine;
}

const [number] = process.argv.slice(2);
if (number === undefined || !/^\d+$/.test(number)) throw new TypeError('which number is the entry to have?');
const target = join(storedFolder, number);
rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });
const work = mkdtempSync(join(tmpdir(), 'millrace-stored-'));
// What is to come of it is told by an engine that is never closed.
const whole = await begun(join(work, 'whole'));
await runEach(whole, after);
writeFileSync(
  join(target, 'expected.json'),
  `${JSON.stringify({ after, ...(await resultsOf(whole.engine)) }, null, 2)}\n`,
);
await whole.close();
const cut = await begun(join(work, 'cut'));
await cut.close();
for (const name of readdirSync(join(work, 'cut', 'db')).filter((name) => /^(LOG|LOCK)/.test(name)))
  rmSync(join(work, 'cut', 'db', name));
cpSync(join(work, 'cut'), join(target, 'folder'), { recursive: true });
