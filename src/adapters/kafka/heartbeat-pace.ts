import type { Resting } from './kafkajs-internals.ts';

/** Who has just seen a group change looks so often, for a session's time: other groups of the same nodes change too. */
const quickMs = 500;
/** Heartbeats of all groups together come no more often than this, as long as a session allows it. */
const apartMs = 40;
const againMs = 200;
/** Heartbeats come at multiples of this, so that several take one turn of the thread. */
const gridMs = 200;

/**
 * When the members of a node's groups send heartbeats. A member learns by its heartbeat that its group changes, but a node that comes or
 * goes changes all groups, so the first heartbeat that tells of it makes all the others look at once. With many groups each one
 * therefore needs few.
 */
export class HeartbeatPace {
  readonly #sessionMs: number;
  readonly #members = new Set<RestingMember>();
  #changesUntil = -Infinity;
  #lookedAt = -Infinity;

  constructor(sessionMs: number) {
    this.#sessionMs = sessionMs;
  }

  /** A member of a group, until it is closed. */
  open(): RestingMember {
    const member: RestingMember = new RestingMember(
      () => this.#intervalMs,
      () => this.#members.delete(member),
    );
    this.#members.add(member);
    return member;
  }

  get #intervalMs(): number {
    const quick = Math.min(quickMs, this.#sessionMs / 4);
    if (performance.now() < this.#changesUntil) return quick;
    return Math.min(this.#sessionMs / 3, Math.max(quick, this.#members.size * apartMs));
  }

  /** A group changes. */
  changed(): void {
    const now = performance.now();
    this.#changesUntil = now + this.#sessionMs;
    if (now - this.#lookedAt < againMs) return;
    this.#lookedAt = now;
    for (const member of this.#members) member.wake();
  }
}

/** Between two heartbeats. */
export class RestingMember implements Resting {
  readonly #intervalMs: () => number;
  readonly #onClosed: () => void;
  #rest: Promise<void> | undefined;
  #wake: () => void = () => undefined;
  #closed = false;

  constructor(intervalMs: () => number, onClosed: () => void) {
    this.#intervalMs = intervalMs;
    this.#onClosed = onClosed;
  }

  /** Resolves when the next heartbeat is due, for all who wait for it. Each comes a little earlier, so that they spread. */
  rest(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    return (this.#rest ??= new Promise<void>((resolve) => {
      const due = performance.now() + this.#intervalMs() * (0.75 + Math.random() / 4);
      const timer = setTimeout(() => this.wake(), Math.floor(due / gridMs) * gridMs - performance.now());
      this.#wake = () => {
        clearTimeout(timer);
        this.#rest = undefined;
        resolve();
      };
    }));
  }
  wake(): void {
    this.#wake();
  }
  /** It leaves its group: who rests goes on at once. */
  close(): void {
    this.#closed = true;
    this.#onClosed();
    this.#wake();
  }
}
