import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { modelFile } from '../../../../src/adapters/models/fetched-models.ts';
import { applyModelAccess } from '../../../../src/config/mlflow-options.ts';
import { readSettings } from '../../../../src/config/settings.ts';
import { setModelAccess } from '../../../../src/util/model-access.ts';
import { setOutbound } from '../../../../src/util/outbound.ts';
import type { Case } from './cases.ts';

/** How MLflow is asked for a model; or why it is not. */
const asksMlflow = (name: string, gives: Case['gives'], others: Record<string, string> = {}): Case => ({
  async see(value) {
    let asked: string | undefined;
    setOutbound({ hosts: undefined });
    const server = createServer((sent, response) => {
      const [kind, credentials = ''] = sent.headers.authorization?.split(' ') ?? [];
      asked = kind === 'Basic' ? `Basic ${Buffer.from(credentials, 'base64').toString()}` : sent.headers.authorization;
      response.writeHead(404).end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const uri = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    applyModelAccess(
      readSettings({ 'mlflow.tracking.uri': uri, ...others, [name]: value }, {}, undefined),
      mkdtempSync(join(tmpdir(), 'millrace-option-')),
    );
    try {
      const why = await modelFile('models:/m/1').catch((error: unknown) => (error as Error).message);
      return name === 'mlflow.tracking.uri' ? why : asked;
    } finally {
      setModelAccess({});
      server.close();
    }
  },
  gives,
});

export const mlflowCases = {
  'mlflow.tracking.uri': asksMlflow('mlflow.tracking.uri', [
    ['', "PATH='models:/…' needs the setting mlflow.tracking.uri"],
    ['http://127.0.0.1:1', 'MLflow at 127.0.0.1:1: connect ECONNREFUSED 127.0.0.1:1'],
  ]),
  'mlflow.tracking.username': asksMlflow('mlflow.tracking.username', [
    ['', undefined],
    ['ann', 'Basic ann:'],
  ]),
  'mlflow.tracking.password': asksMlflow(
    'mlflow.tracking.password',
    [
      ['one', 'Basic ann:one'],
      ['other', 'Basic ann:other'],
    ],
    { 'mlflow.tracking.username': 'ann' },
  ),
  'mlflow.tracking.token': asksMlflow('mlflow.tracking.token', [
    ['one', 'Bearer one'],
    ['other', 'Bearer other'],
  ]),
};
