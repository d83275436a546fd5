import type { CommandLog } from '../../runtime/ports/node.ts';
import type { StateBackend } from '../../runtime/ports/state-backend.ts';
import { after } from '../../runtime/stores/key-bytes.ts';
import type { EmbeddedLog } from './embedded-log.ts';

/** The commands of an embedded node, in its database; each is a commit. */
export class StoredCommands implements CommandLog {
  readonly #backend: StateBackend;
  readonly #log: EmbeddedLog;

  constructor(backend: StateBackend, log: EmbeddedLog) {
    this.#backend = backend;
    this.#log = log;
  }

  async append(command: string, behind: number): Promise<number> {
    await this.#log.whenReady(() => {
      const batch = this.#backend.batch();
      batch.put(commandKey(behind + 1), Buffer.from(command));
      this.#log.write(batch);
    });
    return behind + 1;
  }
  readAfter(number: number): Promise<readonly { readonly number: number; readonly command: string }[]> {
    const prefix = Buffer.from('c/');
    const entries = [...this.#backend.range(commandKey(number + 1), after(prefix))];
    return Promise.resolve(
      entries.map(([key, value]) => ({ number: Number(key.utf8Slice(2, key.length)), command: value.toString() })),
    );
  }
}
const commandKey = (number: number): Buffer => Buffer.from(`c/${String(number).padStart(12, '0')}`);
