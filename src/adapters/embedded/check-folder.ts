import { existsSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { noSpan } from '../../diagnostics/source.ts';
import { SqlError } from '../../diagnostics/sql-error.ts';
import type { StateBackend } from '../../runtime/ports/state-backend.ts';
import { FolderLock } from '../rocksdb/folder-lock.ts';
import { RocksBackend } from '../rocksdb/rocks-backend.ts';
import { EmbeddedLog } from './embedded-log.ts';
import { readFolderVersion } from './log-entries.ts';
import { nodeFiles } from './log-files.ts';
import { StoredCommands } from './stored-commands.ts';
import { keeper, openVerified } from './verified-state.ts';

export interface CheckOptions {
  readonly folder: string;
  /** Goes on without what is damaged: what is cut off is kept in the folder `lost`. */
  readonly acceptLoss: boolean;
  /** Reads a command; throws what is wrong with it. */
  readonly readCommand: (text: string, number: number) => void;
  readonly say: (line: string) => void;
}

const size = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

/** Reads everything that the folder of an embedded node holds, and says what is there; returns what is damaged. */
export async function checkFolder(options: CheckOptions): Promise<readonly string[]> {
  const { folder, acceptLoss, say } = options;
  if (!existsSync(join(folder, 'db')) && !existsSync(join(folder, 'log')))
    throw new SqlError('NOT_FOUND', noSpan, { what: `the state of an embedded node in ${folder}` });
  const lock = new FolderLock(folder).hold();
  const damages: string[] = [];
  try {
    const { backend, mark, keep } = await openVerified(folder, {
      openBackend: (path) => RocksBackend.open(path),
      files: nodeFiles,
      sync: true,
      log: say,
      acceptLoss,
    });
    readFolderVersion(backend, true);
    const log = new EmbeddedLog({ folder: join(folder, 'log'), backend, sync: true, mark, keep });
    try {
      if (acceptLoss) keepUnknown(folder, log.names());
      for (const [topic, partition, held] of log.partitions()) {
        const found = held.verify();
        const compacted = held.sealed.findLast(({ isClean }) => isClean);
        const upTo = compacted === undefined ? '' : `, compacted up to ${compacted.next}`;
        const what = `offsets ${held.start} to ${held.committed}, ${size(held.bytes)}${upTo}`;
        say(`topic ${topic}, partition ${partition}: ${what}`);
        damages.push(...found.map(({ what }) => `topic ${topic}, partition ${partition}: ${what}`));
        if (acceptLoss && found.length > 0) log.giveUpDamage(topic, partition, keeper(folder));
      }
      checkState(backend, options, damages);
      await checkCommands(new StoredCommands(backend, log), options, damages);
    } finally {
      const { number } = log;
      log.close();
      await backend.close();
      mark.close(number);
    }
  } catch (error) {
    note(error, damages);
  } finally {
    lock.release();
  }
  return damages;
}

function note(error: unknown, damages: string[]): void {
  if (!(error instanceof SqlError) || error.code === 'STATE_LOCKED') throw error;
  damages.push(error.message);
}

/** Topics that the database does not know (any more) would be begun anew by who makes them again. */
function keepUnknown(folder: string, known: readonly string[]): void {
  const log = join(folder, 'log');
  if (!existsSync(log)) return;
  for (const name of readdirSync(log)) {
    if (known.includes(name)) continue;
    mkdirSync(join(folder, 'lost'), { recursive: true });
    renameSync(join(log, name), join(folder, 'lost', name));
  }
}

function checkState(backend: StateBackend, { say }: CheckOptions, damages: string[]): void {
  let [entries, bytes] = [0, 0];
  try {
    for (const [key, value] of backend.range(Buffer.of(0), Buffer.of(255))) {
      entries++;
      bytes += key.length + value.length;
    }
  } catch (error) {
    note(error, damages);
  }
  say(`database: ${entries} entries, ${size(bytes)}`);
}

async function checkCommands(commands: StoredCommands, options: CheckOptions, damages: string[]): Promise<void> {
  try {
    const read = await commands.readAfter(-1);
    for (const { number, command } of read) options.readCommand(command, number);
    options.say(`commands: ${read.length}`);
  } catch (error) {
    note(error, damages);
  }
}
