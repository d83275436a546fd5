import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Answers each row of an Open Inference Protocol call with 1, as bytes where it is asked in bytes, so many ms after it came; one call of so many takes longer. */
const script = (latencyMs: number, slowMs: number, oneOf: number): string => `
let calls = 0;
const server = require('node:http').createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => setTimeout(() => {
    const rows = Number(/"shape":\\[(\\d+)/.exec(Buffer.concat(chunks).toString('latin1', 0, 200))[1]);
    const told = '{"outputs":[{"name":"Y","datatype":"FP64","shape":[' + rows + '],';
    if (request.headers['inference-header-content-length'] === undefined) {
      response.end(told + '"data":[' + Array(rows).fill('0.12345678901234567').join() + ']}]}');
      return;
    }
    const json = told + '"parameters":{"binary_data_size":' + rows * 8 + '}}]}';
    response.setHeader('inference-header-content-length', json.length);
    response.end(Buffer.concat([Buffer.from(json), Buffer.from(new Float64Array(rows).fill(0.5).buffer)]));
  }, ++calls % ${oneOf} === 0 ? ${slowMs} : ${latencyMs}));
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
`;

/** A server of models in a process of its own, so that its CPU time is not that of the node. */
export async function openScoreServer(
  latencyMs: number,
  slowMs = latencyMs,
  oneOf = 1,
): Promise<{ readonly endpoint: string; readonly close: () => void }> {
  const server = spawn(process.execPath, ['-e', script(latencyMs, slowMs, oneOf)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [port] = (await once(server.stdout, 'data')) as [Buffer];
  return { endpoint: `http://127.0.0.1:${String(port).trim()}`, close: () => void server.kill() };
}
