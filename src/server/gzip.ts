import type { RequestHandler, Response } from 'express';
import { constants, createGzip, type Gzip } from 'node:zlib';

/** A shorter answer is not worth it. */
const shortest = 1024;

type Written = (error?: Error | null) => void;

/** Sends answers in gzip to clients that take it. What a route writes is sent at once, so that rows are not held back. */
export const gzipAnswers: RequestHandler = (request, response, next) => {
  response.vary('accept-encoding');
  if (request.method !== 'HEAD' && request.acceptsEncodings(['gzip', 'identity']) === 'gzip') compress(response);
  next();
};

function compress(response: Response): void {
  const sent = { write: response.write.bind(response), end: response.end.bind(response) };
  let gzip: Gzip | undefined;
  const begin = (): Gzip => {
    response.removeHeader('content-length');
    response.setHeader('content-encoding', 'gzip');
    gzip = createGzip({ flush: constants.Z_SYNC_FLUSH });
    gzip.on('data', (chunk: Buffer) => {
      if (!sent.write(chunk)) gzip!.pause();
    });
    gzip.on('end', () => sent.end());
    response.on('drain', () => gzip!.resume());
    response.on('close', () => gzip!.destroy());
    return gzip;
  };
  response.write = (chunk: string | Buffer, encoding?: BufferEncoding | Written, written?: Written): boolean => {
    const stream = gzip ?? begin();
    return typeof encoding === 'string' ? stream.write(chunk, encoding, written) : stream.write(chunk, encoding);
  };
  response.end = (chunk?: unknown, ...rest: unknown[]): Response => {
    const body = typeof chunk === 'string' || chunk instanceof Uint8Array ? chunk : undefined;
    if (gzip === undefined && (body === undefined || body.length < shortest))
      return (sent.end as (...given: unknown[]) => Response)(chunk, ...rest);
    const stream = gzip ?? begin();
    if (body === undefined) stream.end();
    else stream.end(body);
    return response;
  };
}
