import type { IncomingMessage } from 'node:http';
import type { RequestOptions as TlsOptions } from 'node:https';

/** A request to an HTTP server, over TLS where the URL says so. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  readonly signal?: AbortSignal;
  /** Whether it does no harm twice. It is then sent again when the server had closed the connection that was kept open for it. */
  readonly isRepeatable?: boolean;
  /** Certificates and how names are looked up, as `node:https` takes them. */
  readonly options?: Pick<TlsOptions, 'ca' | 'cert' | 'key' | 'lookup'>;
}

/** An answer whose body has not been read. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: AsyncIterable<Buffer>;
  bytes(): Promise<Buffer>;
  text(): Promise<string>;
}

/** Sends a request and resolves with the head of its answer; an AbortError or the network's error rejects. */
export async function sendRequest(url: string, asked: HttpRequest): Promise<HttpAnswer> {
  const { method, headers = {}, body, signal, options = {}, isRepeatable = false } = asked;
  const { request } = url.startsWith('https:') ? await import('node:https') : await import('node:http');
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const all = { ...options, method, headers: { ...headers, ...length }, ...(signal && { signal }) };
    const sent = request(url, all, (response) => {
      const bytes = async (): Promise<Buffer> => {
        const chunks: Buffer[] = [];
        for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
        return Buffer.concat(chunks);
      };
      resolve({
        status: response.statusCode!,
        headers: response.headers,
        body: response as AsyncIterable<Buffer>,
        bytes,
        text: async () => (await bytes()).toString('utf8'),
      });
    });
    sent.on('error', (error: NodeJS.ErrnoException) => {
      const wasClosed = sent.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
      // Ends at the latest with a connection that is new.
      if (isRepeatable && wasClosed) resolve(sendRequest(url, asked));
      else reject(error);
    });
    sent.end(body);
  });
}
