import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** The network between a node and its broker, which can be cut: a proxy in front of a listener of the broker's that this node alone uses. */
export class Link {
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;
  #state: 'whole' | 'cut' | 'silent' = 'whole';

  constructor(from: number, to: number) {
    this.#server = createServer((near) => {
      if (this.#state === 'cut') {
        near.destroy();
        return;
      }
      const far = connect(to, '127.0.0.1');
      for (const [socket, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(socket);
        socket.on('data', (chunk) => other.write(chunk));
        socket.on('error', () => undefined);
        socket.on('close', () => {
          this.#sockets.delete(socket);
          other.destroy();
        });
        if (this.#state === 'silent') socket.pause();
      }
    });
    this.#server.listen(from, '127.0.0.1');
  }
  async ready(): Promise<void> {
    if (!this.#server.listening) await once(this.#server, 'listening');
  }

  /** All connections end, and there is none for so long. */
  async cut(ms: number): Promise<void> {
    this.#state = 'cut';
    for (const socket of this.#sockets) socket.resetAndDestroy();
    await sleep(ms);
    this.#state = 'whole';
  }
  /** Nothing comes through for so long, and nobody is told: what is sent meanwhile comes later. */
  async silence(ms: number): Promise<void> {
    this.#state = 'silent';
    for (const socket of this.#sockets) socket.pause();
    await sleep(ms);
    this.#state = 'whole';
    for (const socket of this.#sockets) socket.resume();
  }
  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}
