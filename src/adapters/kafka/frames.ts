import type { ISocketFactory } from 'kafkajs';
import { createRequire } from 'node:module';
import { connect, type Socket } from 'node:net';

const smallest = 1 << 16;
const spare = 4;

/** A pool for the memory of large responses: new memory each time costs page faults and garbage collections. */
export class FramePool {
  readonly #free: Buffer[] = [];
  readonly #lent = new WeakMap<ArrayBufferLike, Buffer>();

  /** Memory with undefined contents; small pieces are not pooled. */
  take(length: number): Buffer {
    if (length < smallest) return Buffer.allocUnsafe(length);
    const fitting = this.#free.findIndex((slab) => slab.length >= length);
    // Rounded to powers of two, so that responses of similar length share memory.
    const slab =
      fitting < 0 ? Buffer.allocUnsafeSlow(2 ** Math.ceil(Math.log2(length))) : this.#free.splice(fitting, 1)[0]!;
    this.#lent.set(slab.buffer, slab);
    return slab.subarray(0, length);
  }

  /** Returns the memory of some bytes to the pool; nobody may read any part of it any more. */
  release({ buffer }: Buffer): void {
    const slab = this.#lent.get(buffer);
    if (slab === undefined) return;
    this.#lent.delete(buffer);
    if (this.#free.length === spare) this.#free.shift();
    this.#free.push(slab);
  }
}

/** Assembles the frames of Kafka's protocol from what a socket reads: four bytes of length, then the payload. */
export class FrameReader {
  readonly #pool: FramePool;
  readonly #onFrame: (frame: Buffer) => void;
  readonly #head = Buffer.alloc(4);
  #headLength = 0;
  #frame: Buffer | undefined;
  #filled = 0;

  constructor(pool: FramePool, onFrame: (frame: Buffer) => void) {
    this.#pool = pool;
    this.#onFrame = onFrame;
  }

  take(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      if (this.#frame === undefined) {
        this.#head[this.#headLength++] = bytes[at++]!;
        if (this.#headLength < 4) continue;
        this.#frame = this.#pool.take(4 + this.#head.readInt32BE(0));
        this.#frame.set(this.#head);
        this.#filled = 4;
      } else {
        const part = bytes.subarray(at, at + this.#frame.length - this.#filled);
        this.#frame.set(part, this.#filled);
        this.#filled += part.length;
        at += part.length;
      }
      if (this.#filled < this.#frame.length) continue;
      const frame = this.#frame;
      this.#frame = undefined;
      this.#headLength = 0;
      this.#onFrame(frame);
    }
  }
}

const readBytes = 128 << 10;
const framed = new WeakSet<Socket>();

/**
 * Sockets that read into one buffer and deliver whole responses. kafkajs's own deliver chunks of 64 KiB, each in new memory,
 * which it then joins. TLS connections are left as they are.
 */
export function framedSockets(pool: FramePool): ISocketFactory {
  giveFramesUnjoined();
  return ({ host, port, onConnect }) => {
    const reader = new FrameReader(pool, (frame) => socket.emit('data', frame));
    const callback = (length: number, bytes: Uint8Array): boolean => {
      reader.take(bytes.subarray(0, length));
      return true;
    };
    const onread = { buffer: Buffer.allocUnsafeSlow(readBytes), callback };
    const socket = connect({ host, port, onread }, onConnect);
    socket.setKeepAlive(true, 60_000);
    framed.add(socket);
    return socket;
  };
}

interface Connection {
  readonly socket: Socket;
  /** Set during authentication. */
  readonly authHandlers: unknown;
  readonly requestQueue: {
    fulfillRequest(response: { size: number; correlationId: number; payload: Buffer }): void;
  };
  processData(data: Buffer): void;
}

let isChanged = false;

/**
 * kafkajs copies each piece to append it to the rest of the last one, even if that is empty; a frame is one response and needs
 * no copy.
 */
function giveFramesUnjoined(): void {
  if (isChanged) return;
  isChanged = true;
  const require = createRequire(import.meta.url);
  const { prototype } = require('kafkajs/src/network/connection') as { readonly prototype: Connection };
  const join = Object.getOwnPropertyDescriptor(prototype, 'processData')!.value as (
    this: Connection,
    data: Buffer,
  ) => void;
  prototype.processData = function (data) {
    if (!framed.has(this.socket) || Boolean(this.authHandlers)) {
      join.call(this, data);
      return;
    }
    const correlationId = data.readInt32BE(4);
    this.requestQueue.fulfillRequest({ size: data.length - 4, correlationId, payload: data.subarray(8) });
  };
}
