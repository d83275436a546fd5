import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadExtensions } from '../../src/functions/user/load.ts';
import { openEngine } from '../support/memory-node.ts';
import { consume } from '../support/topics.ts';

const folder = join(import.meta.dirname, '../../examples/own-models');

test('examples/own-models scores by its own provider, with its own features', async () => {
  const { startScorer } = (await import(join(folder, 'scorer.mjs'))) as {
    startScorer: (port: number) => Promise<Server>;
  };
  const scorer = await startScorer(0);
  const { port } = scorer.address() as AddressInfo;
  await loadExtensions(join(folder, 'ext'));
  const { engine, run, settle, close } = await openEngine();
  await run(readFileSync(join(folder, 'query.sql'), 'utf8').replaceAll('8090', String(port)));
  for (const row of ["'a', 400, 3, 'US'", "'b', 400, 12, 'DE'", "'c', -1, 12, 'DE'"])
    await run(`INSERT INTO payments (id, amount, hour, country) VALUES (${row});`);
  await settle();
  const rows = (await consume(engine, 'SCORED')).map((row) => {
    const [, key, value] = /^(\w+)@\d+ (.*)$/.exec(row)!;
    return { KEY: key, ...(JSON.parse(value!) as object) };
  });
  await close();
  scorer.closeAllConnections();
  scorer.close();
  const score = (night: number, country: number): number =>
    1 / (1 + Math.exp(3 - 0.4 * Math.log1p(400) - night - country));
  expect(rows).toEqual([
    { KEY: 'a', SCORE: expect.closeTo(score(1, 0.5), 12) as number, GRADE: 'high', ERROR: null },
    { KEY: 'b', SCORE: expect.closeTo(score(0, -0.5), 12) as number, GRADE: 'low', ERROR: null },
    { KEY: 'c', SCORE: null, GRADE: null, ERROR: 'INVALID_INPUT' },
  ]);
});
