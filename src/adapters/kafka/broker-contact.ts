import kafkajs from 'kafkajs';
import { noSpan } from '../../diagnostics/source.ts';
import { SqlError } from '../../diagnostics/sql-error.ts';
import { retry } from '../../util/retry.ts';
import { forUsers, whyNoEntry } from './broker-rights.ts';
import { clientConfig, type ClientSettings } from './client-config.ts';

/** The tail of the command topic has a request at the broker at all times: when it hears nothing for this long, nobody is there. */
const silentMs = 2000;
/** What needs the broker fails when it has been away for so long. */
const patienceMs = 1900;
const lookMs = 50;

/** Whether the broker answers, as the node's one request that never ends finds out. */
export class BrokerContact {
  readonly #servers: string;
  readonly #log: (text: string) => void;
  /** Undefined until the tail is followed: before that, only requests themselves tell. */
  #heardAt: number | undefined;
  #failedAt: number | undefined;
  #why = 'it does not answer';
  /** Called when the broker answers after it did not. */
  onBack: () => void = () => undefined;

  constructor(servers: string, log: (text: string) => void) {
    this.#servers = servers;
    this.#log = log;
  }

  /** The tail is followed from now on. */
  begin(): void {
    this.#heardAt = performance.now();
  }
  heard(): void {
    const wasAway = this.#failedAt !== undefined;
    this.#heardAt = performance.now();
    this.#failedAt = undefined;
    if (!wasAway) return;
    this.#log('the broker answers again');
    this.onBack();
  }
  failed(error: unknown): void {
    this.#why = error instanceof Error ? error.message : String(error);
    if (this.#failedAt === undefined) this.#log(`the broker does not answer: ${this.#why}; trying again`);
    this.#failedAt ??= performance.now();
  }

  get isThere(): boolean {
    return (
      this.#failedAt === undefined && (this.#heardAt === undefined || performance.now() - this.#heardAt < silentMs)
    );
  }
  /** For how long it has been away. */
  get #awayMs(): number {
    if (this.isThere) return 0;
    return performance.now() - (this.#failedAt ?? this.#heardAt!);
  }

  /**
   * Runs what needs the broker. It is refused when the broker has been away for two seconds, and given up when the broker goes away
   * for so long meanwhile, unless `mayGiveUp` says that its outcome must be waited for.
   */
  need<T>(action: () => Promise<T>, mayGiveUp: () => boolean = () => true): Promise<T> {
    if (this.#awayMs >= patienceMs) return Promise.reject(this.#refusal());
    return new Promise((resolve, reject) => {
      // Twice in a row: after a long turn of this thread, answers that have arrived are still to be read.
      let looks = 0;
      const timer = setInterval(() => {
        looks = this.#awayMs >= patienceMs ? looks + 1 : 0;
        if (looks < 2 || !mayGiveUp()) return;
        clearInterval(timer);
        reject(this.#refusal());
      }, lookMs);
      action()
        .then(resolve, (error: unknown) => reject(forUsers(error) as Error))
        .finally(() => clearInterval(timer));
    });
  }
  #refusal(): SqlError {
    return new SqlError('BROKER_UNAVAILABLE', noSpan, { servers: this.#servers, why: this.#why });
  }
}

/**
 * Connects to the brokers. A node may start before them and waits for them; but where they are there and one side does not trust the
 * other, waiting does not help. A client that does not repeat what fails connects first, so that each reason is told at once.
 */
export async function untilConnected(
  settings: ClientSettings,
  clients: readonly { connect(): Promise<void> }[],
  log: (text: string) => void,
): Promise<void> {
  const brokers = settings['bootstrap.servers']!;
  const probe = new kafkajs.Kafka(clientConfig(settings, 'start', 0)).admin();
  const connect = async (): Promise<void> => {
    try {
      await probe.connect();
      // A broker that asks who is there closes the connection at the first request of a client that did not say it.
      await probe.describeCluster();
    } finally {
      await probe.disconnect().catch(() => undefined);
    }
    for (const client of clients) await client.connect();
  };
  const mayPass = (error: unknown): boolean => {
    const why = whyNoEntry(error);
    if (why !== undefined) throw new SqlError('BROKER_REFUSES', noSpan, { servers: brokers, why });
    log(`no Kafka broker answers at ${brokers}: ${(error as Error).message}; trying again`);
    return true;
  };
  await retry(connect, { retries: Infinity, firstMs: 500, longestMs: 10_000, mayPass });
}

/** kafkajs's names of errors of a broker that is not reached. */
const lost: ReadonlySet<string> = new Set([
  'KafkaJSConnectionError',
  'KafkaJSConnectionClosedError',
  'KafkaJSNumberOfRetriesExceeded',
  'KafkaJSRequestTimeoutError',
]);
/** Repeats what a node's start needs while the broker does not answer: one that starts, too, has its topics late. */
export function untilBroker<T>(action: () => Promise<T>, log: (text: string) => void): Promise<T> {
  const mayPass = (error: unknown): boolean => {
    const isAway = error instanceof SqlError ? error.code === 'BROKER_UNAVAILABLE' : lost.has((error as Error).name);
    if (isAway) log(`${(error as Error).message}; trying again`);
    return isAway;
  };
  return retry(action, { retries: Infinity, firstMs: 500, longestMs: 5000, mayPass });
}
