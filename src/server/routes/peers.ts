import type { Express } from 'express';
import { once } from 'node:events';
import type { ServerContext } from '../context.ts';

const longestRequest = 10 << 20;

/**
 * POST /peer/rows: what this node holds, for another node of its cluster, which shows that it is one. It answers from its own
 * state only. No user of REST has what a node shows, so it stands before the users' rights.
 */
export function peerRoutes(app: Express, { engine: { node } }: ServerContext): void {
  app.post('/peer/rows', async (request, response, next) => {
    const token = request.headers['x-millrace-peer'];
    if (node.answerPeer === undefined || typeof token !== 'string') return next();
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size <= longestRequest) chunks.push(chunk);
    }
    if (size > longestRequest) return void response.status(413).end();
    try {
      let begun = false;
      for await (const bytes of node.answerPeer(token, Buffer.concat(chunks))) {
        if (response.destroyed) return;
        if (!begun) response.status(200).setHeader('content-type', 'application/octet-stream');
        begun = true;
        if (!response.write(bytes)) await Promise.race([once(response, 'drain'), once(response, 'close')]);
      }
      if (begun) response.end();
      else next();
    } catch {
      // An answer without its end is an error for the node that asked.
      response.destroy();
    }
  });
}
