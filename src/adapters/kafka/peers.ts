import http2, { type ClientHttp2Session, type ClientHttp2Stream, type SecureClientSessionOptions } from 'node:http2';
import { decodeValue, encodeValue } from '../../runtime/codec.ts';

/** Where nodes ask each other for rows, and what shows that a node asks: only members of the groups know the token. */
const peerPath = '/peer/rows';
const peerToken = 'x-millrace-peer';

/** Values as frames: each with its length before it. */
export function frame(value: unknown): Buffer {
  const bytes = encodeValue(value);
  const framed = Buffer.allocUnsafe(bytes.length + 4);
  framed.writeUInt32BE(bytes.length);
  bytes.copy(framed, 4);
  return framed;
}

/** A node could not be asked, or its answer broke off. */
class PeerError extends Error {
  override readonly name = 'PeerError';
}

/** How long a connection that nobody uses stays open. */
const idleMs = 60_000;

/** Connections to the other nodes of the cluster, over HTTP/2 and kept alive. */
export class Peers {
  readonly #sessions = new Map<string, ClientHttp2Session>();
  readonly #deadlineMs: number;
  readonly #tls: SecureClientSessionOptions;

  /** `deadlineMs`: how long a node may take for each part of its answer. */
  constructor(deadlineMs: number, tls: SecureClientSessionOptions = {}) {
    this.#deadlineMs = deadlineMs;
    this.#tls = tls;
  }

  /** Sends a request and gives the frames of the answer, the first of which the caller waits for. */
  async *ask(url: string, token: string, request: unknown): AsyncGenerator {
    const session = this.#session(url);
    const body = encodeValue(request);
    const stream = session.request({
      ':method': 'POST',
      ':path': peerPath,
      'content-type': 'application/octet-stream',
      'content-length': body.length,
      [peerToken]: token,
    });
    stream.end(body);
    const answer = frames(stream);
    try {
      for (;;) {
        const timer = setTimeout(() => this.#giveUp(url, session, stream), this.#deadlineMs);
        const next = await answer.next().finally(() => clearTimeout(timer));
        if (next.done === true) return;
        yield next.value;
      }
    } catch (error) {
      throw error instanceof PeerError ? error : new PeerError((error as Error).message);
    } finally {
      if (!stream.closed) stream.close(http2.constants.NGHTTP2_CANCEL);
    }
  }

  /** The connection may be dead without a word: the next request opens another one. */
  #giveUp(url: string, session: ClientHttp2Session, stream: ClientHttp2Stream): void {
    stream.destroy(new PeerError(`no answer within ${this.#deadlineMs} ms`));
    if (this.#sessions.get(url) === session) this.#sessions.delete(url);
    session.close();
  }

  #session(url: string): ClientHttp2Session {
    const open = this.#sessions.get(url);
    if (open !== undefined && !open.closed && !open.destroyed) return open;
    const session = http2.connect(url, this.#tls);
    const forget = (): void => {
      if (this.#sessions.get(url) === session) this.#sessions.delete(url);
    };
    session.on('error', forget);
    session.on('close', forget);
    session.on('goaway', forget);
    session.setTimeout(idleMs, () => session.close());
    session.unref();
    this.#sessions.set(url, session);
    return session;
  }

  close(): void {
    for (const session of this.#sessions.values()) session.destroy();
    this.#sessions.clear();
  }
}

async function* frames(stream: ClientHttp2Stream): AsyncGenerator {
  let status = 200;
  stream.on('response', (headers) => (status = headers[':status'] ?? 0));
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    if (status !== 200) throw new PeerError(`it answered with status ${status}`);
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    for (;;) {
      const length = rest.length < 4 ? Infinity : rest.readUInt32BE();
      if (rest.length < length + 4) break;
      yield decodeValue(rest.subarray(4, length + 4));
      rest = rest.subarray(length + 4);
    }
  }
  if (status !== 200) throw new PeerError(`it answered with status ${status}`);
  if (rest.length > 0) throw new PeerError('its answer broke off');
}
