import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ModelService } from '../../src/adapters/models/model-service.ts';
import type { SqlError } from '../../src/diagnostics/sql-error.ts';
import { setAws } from '../../src/util/aws.ts';
import { setModelAccess } from '../../src/util/model-access.ts';
import { setOutbound } from '../../src/util/outbound.ts';
import { openEngine, type TestEngine } from '../support/memory-node.ts';
import { oneVersion } from '../support/one-version.ts';
import { freePort } from '../support/redis.ts';
import { noS3, TestS3 } from '../support/s3.ts';

const python = process.env['MILLRACE_TEST_MLFLOW'] ?? 'python3';
const missing =
  noS3 !== ''
    ? noS3
    : spawnSync(python, ['-c', 'import mlflow.server, onnx, onnxruntime, boto3']).status === 0
      ? ''
      : `: ${python} has no MLflow with its server, onnx and boto3 (MILLRACE_TEST_MLFLOW names another)`;
const models = [1, 2].map((n) =>
  join(import.meta.dirname, '../support/exported', n === 1 ? 'xgboost.onnx' : 'lightgbm.onnx'),
);
const rows = (
  JSON.parse(readFileSync(models[0]!.replace('.onnx', '.json'), 'utf8')) as { inputs: { X: number[][] } }
).inputs.X.slice(0, 200).map((features) => [features]);
const newFolder = (): string => mkdtempSync(join(tmpdir(), 'millrace-registry-'));

/** What a model answers for the rows. */
async function scores(path: string): Promise<unknown> {
  const service = new ModelService();
  const version = { version: 1, options: { PROVIDER: 'ONNX', PATH: path } };
  try {
    const { input, output } = await service.inspect('M', version, { input: [], output: [] });
    await service.put(oneVersion({ input, output }, version));
    return (await service.score('M', undefined, rows)).map(({ outputs }) => outputs);
  } finally {
    await service.close();
  }
}
const why = (result: Promise<unknown>): Promise<{ code: string; message: string; hint: string | undefined }> =>
  result.then(
    () => expect.fail('it was not refused'),
    (error: unknown) => {
      const { code, message, hint } = error as SqlError;
      return { code: String(code), message, hint };
    },
  );

afterEach(() => {
  setOutbound({ hosts: undefined });
});

describe.skipIf(missing !== '')(`models of S3 and of MLflow's registry${missing}`, { timeout: 120_000 }, () => {
  let s3: TestS3;
  let server: ChildProcess;
  let tracking: string;
  let node: TestEngine;
  let expected: readonly unknown[];
  const kept = newFolder();
  beforeAll(async () => {
    s3 = await TestS3.start('lake');
    for (const [i, path] of models.entries()) await s3.put(`models/m${i + 1}.onnx`, readFileSync(path));
    const port = await freePort();
    tracking = `http://127.0.0.1:${port}`;
    const folder = newFolder();
    const at = ['--host', '127.0.0.1', '--port', String(port), '--workers', '1'];
    const files = ['--backend-store-uri', `sqlite:///${folder}/m.db`, '--artifacts-destination', `${folder}/artifacts`];
    server = spawn(python, ['-m', 'mlflow', 'server', ...at, ...files], { stdio: 'ignore', detached: true });
    for (let left = 600; left > 0; left--) {
      if ((await fetch(`${tracking}/health`).catch(() => undefined))?.ok === true) break;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    const experiments = { proxied: null, in_s3: 's3://lake/mlflow', on_disk: `file://${folder}/disk` };
    const env = {
      ...process.env,
      MLFLOW_S3_ENDPOINT_URL: s3.endpoint,
      AWS_ACCESS_KEY_ID: 'someone',
      AWS_SECRET_ACCESS_KEY: 'x',
      AWS_DEFAULT_REGION: 'us-east-1',
    };
    const script = [join(import.meta.dirname, 'mlflow_registry.py'), tracking, JSON.stringify({ experiments, models })];
    await new Promise<void>((resolve, reject) => {
      let said = '';
      const child = spawn(python, script, { stdio: ['ignore', 'ignore', 'pipe'], env });
      child.stderr.on('data', (text: Buffer) => (said += text.toString()));
      child.once('exit', (code) => {
        if (code === 0) resolve();
        else reject(new Error(said));
      });
    });
    setModelAccess({ folder: kept, tracking });
    node = await openEngine();
    expected = await Promise.all(models.map((path) => scores(path)));
    expect(expected[0]).not.toEqual(expected[1]);
  }, 400_000);
  afterAll(async () => {
    setModelAccess({});
    setAws({ endpoints: {} });
    if (missing !== '') return;
    await node.close();
    process.kill(-server.pid!, 'SIGKILL');
    await s3.kill();
  });

  test.each(['proxied', 'in_s3', 'on_disk'])(
    'versions and aliases of the model %s score as their files do',
    async (name) => {
      expect(await scores(`models:/${name}/1`)).toEqual(expected[0]);
      expect(await scores(`models:/${name}/2`)).toEqual(expected[1]);
      expect(await scores(`models:/${name}@champion`)).toEqual(expected[0]);
    },
  );

  test('an object of S3 scores as the file does, and anew when another takes its name', async () => {
    expect(await scores('s3://lake/models/m1.onnx')).toEqual(expected[0]);
    await s3.put('models/m1.onnx', readFileSync(models[1]!));
    expect(await scores('s3://lake/models/m1.onnx')).toEqual(expected[1]);
    await s3.put('models/m1.onnx', readFileSync(models[0]!));
  });

  test('what was fetched is kept by its content, and a version of the registry is not asked for again', async () => {
    const hashes = readdirSync(kept).filter((name) => !name.endsWith('.json'));
    expect(hashes.length).toBeLessThanOrEqual(4);
    expect(hashes.every((name) => /^[0-9a-f]{64}$/.test(name))).toBe(true);
    const folder = newFolder();
    cpSync(kept, folder, { recursive: true });
    // The proxy of MLflow is away, and its name is the same.
    setModelAccess({ folder, tracking });
    setOutbound({ hosts: ['elsewhere'] });
    expect(await scores('models:/proxied/1')).toEqual(expected[0]);
    // What is not whole any more is fetched again.
    for (const hash of readdirSync(folder).filter((name) => !name.endsWith('.json')))
      for (const name of readdirSync(join(folder, hash))) writeFileSync(join(folder, hash, name), 'rotten');
    await expect(scores('models:/proxied/1')).rejects.toThrow('is not called: outbound.hosts');
    setOutbound({ hosts: undefined });
    expect(await scores('models:/proxied/1')).toEqual(expected[0]);
    rmSync(folder, { recursive: true });
    setModelAccess({ folder: kept, tracking });
  });

  test('an alias is pinned at CREATE: DESCRIBE tells the version', async () => {
    await node.run("CREATE MODEL pinned WITH (PROVIDER='onnx', PATH='models:/proxied@champion');");
    expect(node.engine.catalog.models.get('PINNED')!.versions[0]!.options['PATH']).toBe('models:/proxied/1');
    await node.run("ALTER MODEL pinned ADD VERSION WITH (PATH='models:/in_s3/2');");
    expect(node.engine.catalog.models.get('PINNED')!.versions[1]!.options['PATH']).toBe('models:/in_s3/2');
  });

  test('what cannot be had is refused, with what to do', async () => {
    const create = (path: string): Promise<unknown> =>
      node.run(`CREATE MODEL no WITH (PROVIDER='onnx', PATH='${path}');`);
    for (const path of ['models:/a', 'models:/a/latest', 'models:/a/Production', 'models:a/1', 'models:/m-123/1/2'])
      expect(await why(create(path)), path).toMatchObject({
        code: 'INVALID_PROPERTY_VALUE',
        message: expect.stringContaining("it must be 'models:/name/version' or 'models:/name@alias'") as string,
      });
    for (const path of ['s3://lake', 's3://lake/', 's3:lake/x.onnx'])
      expect((await why(create(path))).message, path).toContain("it must be 's3://bucket/model.onnx'");
    expect(await why(create('models:/nobody/1'))).toMatchObject({
      code: 'MODEL_INVALID',
      message: expect.stringMatching(/MLflow at 127\.0\.0\.1:\d+: .*not found/) as string,
      hint: expect.stringContaining('mlflow.tracking.uri') as string,
    });
    expect((await why(create('models:/proxied/9'))).message).toContain('not found');
    expect((await why(create('models:/proxied@nobody'))).message).toContain('alias nobody not found');
    expect((await why(create('models:/other/1'))).message).toMatch(
      /has no ONNX file, only readme.txt: log the model with mlflow.onnx.log_model/,
    );
    expect(await why(create('s3://lake/models/nothing.onnx'))).toMatchObject({
      code: 'MODEL_INVALID',
      message: expect.stringContaining('there is no such object') as string,
    });
    expect(await why(create('s3://nobucket/m.onnx'))).toMatchObject({
      hint: 'Make the bucket first: Millrace makes none.',
    });
    await s3.put('models/text.onnx', 'no model');
    expect((await why(create('s3://lake/models/text.onnx'))).message).toContain('the file is no ONNX model');
    setOutbound({ hosts: ['elsewhere'] });
    for (const path of ['models:/proxied/2', 's3://lake/models/m2.onnx']) {
      setModelAccess({ folder: newFolder(), tracking });
      expect((await why(create(path))).message).toContain('is not called: outbound.hosts lists the hosts that are');
    }
    setOutbound({ hosts: undefined });
    setModelAccess({});
    expect((await why(create('models:/proxied/1'))).message).toContain('needs the setting mlflow.tracking.uri');
    setModelAccess({ folder: kept, tracking: 'http://127.0.0.1:1' });
    expect((await why(create('models:/proxied/1'))).message).toContain('MLflow at 127.0.0.1:1: ');
    setModelAccess({ folder: kept, tracking });
    expect(node.engine.catalog.models.has('NO')).toBe(false);
    expect(readdirSync(kept).filter((name) => name.startsWith('.coming'))).toEqual([]);
  });
});

describe('a registry that says what MLflow never would', () => {
  let server: Server;
  let answers: (path: string) => string;
  beforeAll(async () => {
    server = createServer(({ url }, response) => response.end(answers(url!)));
    const port = await freePort();
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    setModelAccess({ folder: newFolder(), tracking: `http://127.0.0.1:${port}` });
  });
  afterAll(() => {
    setModelAccess({});
    server.close();
  });

  test.each([
    ['artifacts elsewhere', 'dbfs:/m', 'dbfs:/m is not read: artifacts at s3:, mlflow-artifacts: and file: are'],
    [
      'a name that leads out of the folder',
      'mlflow-artifacts:/m',
      '"../../x.onnx" is no name of a file beside the model',
    ],
  ])('%s', async (_, uri, message) => {
    answers = (path) =>
      path.includes('get-download-uri')
        ? JSON.stringify({ artifact_uri: uri })
        : JSON.stringify({ files: [{ path: '../../x.onnx', is_dir: false }] });
    await expect(scores('models:/m/1')).rejects.toThrow(message);
  });
});
