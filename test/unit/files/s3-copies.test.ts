import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { openFolder } from '../../../src/files/open-folder.ts';
import { setAws } from '../../../src/util/aws.ts';

let server: Server;
/** What the server holds, by bucket and key. */
const objects = new Map<string, Buffer>();
afterEach(async () => {
  setAws({ endpoints: {} });
  objects.clear();
  await new Promise((closed) => server.close(closed));
});

/** A server that holds objects, and finds what it is to copy by `found`. */
async function opened(found: (header: string) => string): Promise<void> {
  server = createServer((request, response) => {
    const key = decodeURIComponent(request.url!.split('?')[0]!).slice(1);
    const missing = (): void => {
      response.writeHead(404, { 'content-type': 'application/xml' });
      response.end('<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>');
    };
    const body: Buffer[] = [];
    request.on('data', (bytes: Buffer) => body.push(bytes));
    request.on('end', () => {
      const copied = request.headers['x-amz-copy-source'] as string | undefined;
      const bytes = request.method === 'GET' ? objects.get(key) : copied && objects.get(found(copied));
      if (request.method === 'DELETE') {
        objects.delete(key);
        response.writeHead(204).end();
      } else if (request.method === 'GET') {
        if (bytes === undefined || bytes === '') return missing();
        response
          .writeHead(206, { 'content-range': `bytes 0-${bytes.length - 1}/${bytes.length}`, etag: '"1"' })
          .end(bytes);
      } else if (copied === undefined) {
        objects.set(key, Buffer.concat(body));
        response.writeHead(200, { etag: '"1"' }).end();
      } else {
        if (bytes === undefined || bytes === '') return missing();
        objects.set(key, bytes);
        response
          .writeHead(200, { 'content-type': 'application/xml' })
          .end('<CopyObjectResult><ETag>1</ETag></CopyObjectResult>');
      }
    });
  }).listen(0, '127.0.0.1');
  await new Promise((ready) => server.once('listening', ready));
  const { port } = server.address() as AddressInfo;
  setAws({ endpoints: { s3: `http://127.0.0.1:${port}` }, accessKeyId: 'someone', secretAccessKey: 'x' });
}
const name = 'dt=2026-01-01/p0-0-9.parquet';

test('what a server holds and does not find to copy is not taken for shown', async () => {
  await opened(() => 'nowhere');
  const folder = openFolder('s3://lake/views');
  await folder.stage(name, Buffer.from('x'));
  await expect(folder.show([name])).rejects.toThrow(
    /it has views\/_staged\/dt=2026-01-01\/p0-0-9.parquet\S*, and does not find it where it is told to copy it/,
  );
  expect([...objects.keys()]).toEqual([`lake/views/_staged/${name}.tmp`]);
  objects.clear();
  await folder.show([name]);
});

test('a server that takes the header of a copy for a path as it is finds the folder of a day', async () => {
  await opened(decodeURI);
  const folder = openFolder('s3://lake/my views');
  await folder.stage(name, Buffer.from('x'));
  await folder.show([name]);
  expect([...objects.keys()]).toEqual([`lake/my views/${name}`]);
});
