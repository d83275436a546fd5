import type { Response } from 'express';
import { noSpan } from '../diagnostics/source.ts';
import { SqlError } from '../diagnostics/sql-error.ts';

/** A longer text goes in pieces, so that a client that takes some of it counts as one that reads. */
const longestPiece = 64 << 10;

/** Writes to a client and waits while it is slow, so that memory stays bounded. One that takes nothing for long is cut off. */
export class ClientWriter {
  readonly #response: Response;
  readonly #stalledMs: number;
  #isClosed = false;

  constructor(response: Response, stalledMs: number) {
    this.#response = response;
    this.#stalledMs = stalledMs;
    response.on('close', () => (this.#isClosed = true));
  }

  /** Whether the client has left, or was cut off. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Writes a text; `alone` waits until it has left, so that it shares its frame with no other. */
  async write(text: string, alone = false): Promise<void> {
    if (text.length <= longestPiece) return this.#piece(text, alone);
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; at += longestPiece)
      await this.#piece(bytes.subarray(at, at + longestPiece), alone);
  }

  #piece(piece: string | Buffer, alone: boolean): Promise<void> {
    const response = this.#response;
    const ms = this.#stalledMs;
    if (this.#isClosed || response.writableEnded) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#isClosed = true;
        reject(new SqlError('CLIENT_STALLED', noSpan, { ms }));
        response.destroy();
      }, ms);
      const done = (): void => {
        clearTimeout(timer);
        response.off('close', done);
        resolve();
      };
      if (response.write(piece, done) && !alone) {
        done();
        return;
      }
      response.once('close', done);
    });
  }
}
