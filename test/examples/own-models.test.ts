import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadExtensions } from '../../src/functions/user/load.ts';
import { openEngine } from '../support/memory-node.ts';
import { consume } from '../support/topics.ts';

const folder = join(import.meta.dirname, '../../examples/own-models');

test('examples/own-models scores by its own provider', async () => {
  const { startScorer } = (await import(join(folder, 'scorer.mjs'))) as {
    startScorer: (port: number) => Promise<Server>;
  };
  const scorer = await startScorer(0);
  const { port } = scorer.address() as AddressInfo;
  await loadExtensions(join(folder, 'ext'));
  const { engine, run, settle, close } = await openEngine();
  await run(readFileSync(join(folder, 'query.sql'), 'utf8').replaceAll('8090', String(port)));
  await run("INSERT INTO payments (id, amount, hour) VALUES ('a', 400, 3);");
  await run("INSERT INTO payments (id, amount, hour) VALUES ('b', 400, 12);");
  await settle();
  const rows = (await consume(engine, 'SCORED')).map((row) => row.replace(/@\d+/, ''));
  await close();
  scorer.closeAllConnections();
  scorer.close();
  expect(rows).toEqual(['a {"SCORE":0.65,"ERROR":null}', 'b {"SCORE":0.4,"ERROR":null}']);
});
