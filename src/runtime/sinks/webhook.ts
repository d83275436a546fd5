import type { WebhookSpec } from '../../specs/exports.ts';
import { jsonWriter } from '../../types/json-text.ts';
import type { Row, Value } from '../../types/sql-type.ts';
import { callOut } from '../../util/outbound.ts';
import { secretValue, withoutSecret } from '../../util/secrets.ts';
import type { Change } from '../change.ts';
import type { Sink, SinkContext } from './sink.ts';

/** A server that does not take rows: they wait until it does. */
class WebhookFailure extends Error {
  override readonly name = 'WebhookFailure';
  readonly retriable = true;
}

/**
 * Sends rows to a server as JSON arrays of objects, in order, before the positions are committed. A row is sent again when the
 * commit was lost; its partition and offset in `_partition` and `_offset` tell it from others.
 */
export class WebhookSink implements Sink {
  readonly #spec: WebhookSpec;
  readonly #write: (row: Row) => string;
  #waiting: string[] = [];

  constructor({ columns }: Pick<SinkContext, 'columns'>, spec: WebhookSpec) {
    this.#spec = spec;
    const fields = columns.map(({ name, type }, slot) => {
      const write = jsonWriter(type, { times: 'exact' });
      return {
        prefix: `${JSON.stringify(named[name] ?? name)}:`,
        write: (row: Row) => write(row[slot] as Value),
      };
    });
    this.#write = (row) => `{${fields.map(({ prefix, write }) => prefix + write(row)).join(',')}}`;
  }

  /** Rows without a value (tombstones) are not sent. */
  write(changes: readonly Change[]): number {
    let written = 0;
    for (const { after } of changes) {
      if (after === undefined) continue;
      this.#waiting.push(this.#write(after));
      written++;
    }
    return written;
  }

  pressure(): Promise<void> | undefined {
    return this.#waiting.length < this.#spec.batchSize ? undefined : this.#send(this.#spec.batchSize);
  }
  async flush(): Promise<void> {
    await this.#send(1);
  }
  /** Sends while at least so many rows wait. */
  async #send(least: number): Promise<void> {
    const { batchSize } = this.#spec;
    let sent = 0;
    for (; this.#waiting.length - sent >= least; sent += Math.min(batchSize, this.#waiting.length - sent))
      await this.#post(this.#waiting.slice(sent, sent + batchSize));
    this.#waiting = this.#waiting.slice(sent);
  }

  async #post(rows: readonly string[]): Promise<void> {
    const { url, secret, timeoutMs } = this.#spec;
    let token: string | undefined;
    try {
      token = secret === undefined ? undefined : secretValue(secret);
      const answer = await callOut(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
        body: `[${rows.join(',')}]`,
        signal: AbortSignal.timeout(timeoutMs),
      });
      const said = await answer.text();
      const { status } = answer;
      if (status >= 200 && status < 300) return;
      throw new WebhookFailure(`status ${status}${said === '' ? '' : `: ${said.slice(0, 200)}`}`);
    } catch (error) {
      throw new WebhookFailure(`${new URL(url).host}: ${withoutSecret((error as Error).message, token)}`, {
        cause: error,
      });
    }
  }
}

const named: Readonly<Record<string, string>> = {
  ROWTIME: '_timestamp',
  ROWPARTITION: '_partition',
  ROWOFFSET: '_offset',
};
