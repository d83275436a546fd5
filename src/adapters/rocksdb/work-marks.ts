import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { WorkMark } from '../../runtime/ports/work-mark.ts';
import { carefulAttempt, carefulRecords, deadly, type Attempt } from '../../runtime/task/attempt.ts';

const slotBytes = 1024;
const headBytes = 24;
const placeBytes = 16;
const idle = -1;

const folderOf = (stateFolder: string): string => join(stateFolder, 'at-work');
const idBytes = (id: string): Buffer => Buffer.from(id).subarray(0, slotBytes - headBytes);

/**
 * Notes on disk what a thread is at work on, so that the next process knows it when this one ends in the middle. A mark costs a write
 * of sixteen bytes; it outlives the process, not the machine.
 */
export class WorkMarks {
  readonly #file: number;
  readonly #slots = new Map<string, number>();
  readonly #free: number[] = [];
  readonly #path: string;
  readonly #place = Buffer.alloc(placeBytes);

  /** `thread` is one of the process that writes here. */
  constructor(stateFolder: string, thread: string) {
    mkdirSync(folderOf(stateFolder), { recursive: true });
    this.#path = join(folderOf(stateFolder), `${thread}.marks`);
    this.#file = openSync(this.#path, 'w');
  }

  /** The mark of the work of one name. */
  of(id: string): WorkMark {
    return { begin: (position, committed) => this.begin(id, position, committed), end: () => this.end(id) };
  }

  /** Work of this name begins, after a commit at `committed`. */
  begin(id: string, position: number, committed: number): void {
    let slot = this.#slots.get(id);
    if (slot === undefined) {
      slot = this.#free.pop() ?? this.#slots.size;
      this.#slots.set(id, slot);
      const bytes = idBytes(id);
      const head = Buffer.alloc(slotBytes);
      head.writeDoubleBE(idle);
      head.writeUInt32BE(bytes.length, placeBytes);
      bytes.copy(head, headBytes);
      writeSync(this.#file, head, 0, slotBytes, slot * slotBytes);
    }
    this.#write(slot, position, committed);
  }
  end(id: string): void {
    this.#write(this.#slots.get(id)!, idle);
  }
  /** There is no more work of this name. */
  forget(id: string): void {
    const slot = this.#slots.get(id);
    if (slot === undefined) return;
    this.#write(slot, idle);
    this.#slots.delete(id);
    this.#free.push(slot);
  }
  #write(slot: number, position: number, committed = idle): void {
    this.#place.writeDoubleBE(position);
    this.#place.writeDoubleBE(committed, 8);
    writeSync(this.#file, this.#place, 0, placeBytes, slot * slotBytes);
  }

  close(): void {
    closeSync(this.#file);
    rmSync(this.#path);
  }
}

interface Mark {
  readonly id: string;
  readonly position: number;
  readonly committed: number;
}
interface Ending {
  readonly committed: number;
  readonly position: number;
  readonly times: number;
}

/**
 * Whether a process ended at what the one before it had ended at: in its first step, which takes few records, and among those the earlier
 * one had not come further either.
 */
const isSame = (earlier: Ending, { position, committed }: Mark): boolean =>
  position === committed && earlier.committed === committed && earlier.position - committed < carefulRecords;

/** What earlier processes were at work on when they ended: in a row, on the same work. Opened before the first mark of this process. */
export class DeadlyWork {
  readonly #stateFolder: string;
  readonly #path: string;
  readonly #endings: Map<string, Ending>;

  constructor(stateFolder: string) {
    const folder = folderOf(stateFolder);
    this.#stateFolder = stateFolder;
    this.#path = join(folder, 'endings.json');
    const before = new Map(readEndings(this.#path));
    const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.marks')) : [];
    const marks = files.flatMap((name) => readMarks(readFileSync(join(folder, name))));
    // Whoever ended at other work, or at none, has not ended in a row.
    this.#endings = new Map([...before].filter(([, { times }]) => times >= deadly));
    this.#count(marks, before);
    if (before.size > 0 || marks.length > 0) this.#store();
    for (const name of files) rmSync(join(folder, name));
  }
  #count(marks: readonly Mark[], before: ReadonlyMap<string, Ending>): void {
    for (const mark of marks) {
      const { id, ...place } = mark;
      const earlier = before.get(id);
      const times = earlier !== undefined && isSame(earlier, mark) ? earlier.times + 1 : 1;
      this.#endings.set(id, { ...place, times });
    }
  }

  /** A thread of this process has ended, which counts as a process does; called before its successor opens its marks. */
  threadEnded(thread: string): void {
    const path = join(folderOf(this.#stateFolder), `${thread}.marks`);
    if (!existsSync(path)) return;
    const marks = readMarks(readFileSync(path));
    rmSync(path);
    if (marks.length === 0) return;
    this.#count(marks, this.#endings);
    this.#store();
  }

  /** Whether processes ended at this work so often that it must not be begun again. */
  has(id: string): boolean {
    return (this.#find(id)?.times ?? 0) >= deadly;
  }
  /** How the work is begun: with care where the process before ended at it, as kill -9 ends any. */
  attempt(id: string): Attempt | undefined {
    return this.#find(id) === undefined ? undefined : carefulAttempt;
  }
  #find(id: string): Ending | undefined {
    return this.#endings.get(idBytes(id).toString());
  }
  /** It may be tried again, or is no more. */
  forget(id: string): void {
    if (this.#endings.delete(idBytes(id).toString())) this.#store();
  }
  #store(): void {
    writeFileSync(this.#path, JSON.stringify([...this.#endings]));
  }
}

/** A file that was cut by a crash of the machine tells nothing. */
function readEndings(path: string): readonly [string, Ending][] {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as [string, Ending][];
  } catch {
    return [];
  }
}

function readMarks(bytes: Buffer): Mark[] {
  const marks: Mark[] = [];
  for (let at = 0; at + slotBytes <= bytes.length; at += slotBytes) {
    const position = bytes.readDoubleBE(at);
    const length = bytes.readUInt32BE(at + placeBytes);
    const id = bytes.toString('utf8', at + headBytes, at + headBytes + length);
    if (position >= 0) marks.push({ id, position, committed: bytes.readDoubleBE(at + 8) });
  }
  return marks;
}
