import { noSpan } from '../../diagnostics/source.ts';
import { SqlError } from '../../diagnostics/sql-error.ts';

/** What one user, and what one request, may have; Infinity where there is no limit. */
export interface LimitSettings {
  readonly requestBytes: number;
  readonly rows: number;
  readonly statementsPerMinute: number;
  readonly pushQueries: number;
  /** How long a client may take nothing of its rows. */
  readonly stalledMs: number;
  readonly onlineEntities: number;
  readonly onlineFeatures: number;
}

const minute = 60_000;

/** Holds each user to the limits of all. */
export class Limits {
  readonly settings: LimitSettings;
  #began = 0;
  readonly #statements = new Map<string, number>();
  /** Who runs which push query. */
  readonly #pushQueries = new Map<string, string>();

  constructor(settings: LimitSettings) {
    this.settings = settings;
  }

  countStatement(user: string): void {
    const now = Date.now();
    if (now - this.#began >= minute) {
      this.#began = now;
      this.#statements.clear();
    }
    const count = (this.#statements.get(user) ?? 0) + 1;
    this.#statements.set(user, count);
    const most = this.settings.statementsPerMinute;
    if (count > most)
      throw new SqlError('USER_LIMIT', noSpan, {
        user,
        what: `${most} statements a minute`,
        setting: 'limits.user.statements.per.minute',
      });
  }

  /** Refuses a push query more than a user may run. */
  checkPushQuery(user: string): void {
    const most = this.settings.pushQueries;
    const running = [...this.#pushQueries.values()].filter((owner) => owner === user).length;
    if (running >= most)
      throw new SqlError('USER_LIMIT', noSpan, {
        user,
        what: `${most} push queries at a time`,
        setting: 'limits.user.push.queries',
      });
  }
  began(id: string, user: string): void {
    this.#pushQueries.set(id, user);
  }
  ended(id: string): void {
    this.#pushQueries.delete(id);
  }
  ownerOf(id: string): string | undefined {
    return this.#pushQueries.get(id);
  }

  checkRows(rows: number, user: string): void {
    if (rows > this.settings.rows)
      throw new SqlError('USER_LIMIT', noSpan, {
        user,
        what: `${this.settings.rows} rows of a query`,
        setting: 'limits.user.rows',
      });
  }
}
