// A scorer with a protocol of its own: `node examples/own-models/scorer.mjs` listens on port 8090.
import { createServer } from 'node:http';
import { pathToFileURL } from 'node:url';

/** Starts the scorer, and gives its server when it listens. */
export function startScorer(port) {
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const scores = body.split('\n').map((line) => {
      const [amount, hour] = line.split(';').map(Number);
      return Math.min(1, amount / 1000 + (hour < 6 ? 0.25 : 0));
    });
    response.end(request.url === '/health' ? 'ok' : scores.join('\n'));
  });
  return new Promise((resolve) => {
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await startScorer(8090);
