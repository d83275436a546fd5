// A scorer with a protocol of its own: `node examples/own-models/scorer.mjs` listens on port 8090.
import { createServer } from 'node:http';
import { pathToFileURL } from 'node:url';

const weights = [0.4, 1, -0.5, 0, 0.5];

/** Starts the scorer, and gives its server when it listens. */
export function startScorer(port) {
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const scores = body.split('\n').map((line) => {
      const features = line.split(';').map(Number);
      return 1 / (1 + Math.exp(3 - features.reduce((sum, feature, i) => sum + feature * weights[i], 0)));
    });
    response.end(request.url === '/health' ? 'ok' : scores.join('\n'));
  });
  return new Promise((resolve) => {
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await startScorer(8090);
