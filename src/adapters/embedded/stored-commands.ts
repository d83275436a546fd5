import type { CommandLog, NumberedCommand } from '../../runtime/ports/node.ts';
import type { StateBackend } from '../../runtime/ports/state-backend.ts';
import { after } from '../../runtime/stores/key-bytes.ts';
import type { EmbeddedLog } from './embedded-log.ts';

/** The commands of an embedded node, in its database; each is a commit. */
export class StoredCommands implements CommandLog {
  readonly #backend: StateBackend;
  readonly #log: EmbeddedLog;
  readonly replace: CommandLog['replace'];

  constructor(backend: StateBackend, log: EmbeddedLog, mayReplace = true) {
    this.#backend = backend;
    this.#log = log;
    this.replace = mayReplace ? (upTo, by) => this.#replace(upTo, by) : undefined;
  }

  async append(command: string, behind: number): Promise<number> {
    await this.#log.whenReady(() => {
      const batch = this.#backend.batch();
      batch.put(commandKey(behind + 1), Buffer.from(command));
      this.#log.write(batch);
    });
    return behind + 1;
  }
  /** One batch of the database. Either log makes the same, so it waits for the disk only where all commits do. */
  #replace(upTo: number, by: readonly NumberedCommand[]): Promise<void> {
    return this.#log.whenReady(() => {
      const batch = this.#backend.batch();
      for (const [key] of this.#backend.range(commandKey(0), commandKey(upTo + 1))) batch.delete(key);
      for (const { number, command } of by) batch.put(commandKey(number), Buffer.from(command));
      this.#log.write(batch);
    });
  }
  readAfter(number: number): Promise<readonly NumberedCommand[]> {
    const prefix = Buffer.from('c/');
    const entries = [...this.#backend.range(commandKey(number + 1), after(prefix))];
    return Promise.resolve(
      entries.map(([key, value]) => ({ number: Number(key.utf8Slice(2, key.length)), command: value.toString() })),
    );
  }
}
const commandKey = (number: number): Buffer => Buffer.from(`c/${String(number).padStart(12, '0')}`);
