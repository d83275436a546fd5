import { spawn } from 'node:child_process';
import { programOf } from './editor.ts';

/** Where lines go that may be more than a terminal shows at once. */
export interface LineTarget {
  write(line: string): void;
}

/**
 * Lines for a terminal: those that fit into it are written when the answer is at its end; more of them go to a program that pages
 * ($MILLRACE_PAGER, $PAGER or less), from when they are too many on. `onQuit` is called when its reader leaves before the end.
 */
export class Pager implements LineTarget {
  readonly #rows: number;
  readonly #print: (line: string) => void;
  readonly #onQuit: () => void;
  #waiting: string[] = [];
  #height = 0;
  #program: Program | undefined;

  constructor(rows: number, print: (line: string) => void, onQuit: () => void) {
    this.#rows = rows;
    this.#print = print;
    this.#onQuit = onQuit;
  }

  write(line: string): void {
    if (this.#program !== undefined) {
      this.#program.write(line);
      return;
    }
    this.#waiting.push(line);
    this.#height += line.split('\n').length;
    // Below them come the count of rows and the prompt.
    if (this.#height + 3 <= this.#rows) return;
    this.#program = start(this.#onQuit);
    for (const text of this.#waiting) this.#program.write(text);
    this.#waiting = [];
  }

  /** Set while the program has enough to show; whoever has more lines waits for it. */
  get pressure(): Promise<void> | undefined {
    return this.#program?.pressure;
  }

  /** Resolves when all lines are shown, or the program's reader has left. */
  async end(): Promise<void> {
    for (const line of this.#waiting) this.#print(line);
    this.#waiting = [];
    await this.#program?.end();
    this.#program = undefined;
  }
}

interface Program extends LineTarget {
  readonly pressure: Promise<void> | undefined;
  end(): Promise<void>;
}

function start(onQuit: () => void): Program {
  const program = programOf(['MILLRACE_PAGER', 'PAGER'], 'less');
  // The keys are the program's now; it reads them from the terminal itself.
  const isRaw = process.stdin.isRaw;
  if (process.stdin.isTTY) process.stdin.setRawMode(false);
  process.stdin.pause();
  const child = spawn(program, {
    shell: true,
    stdio: ['pipe', 'inherit', 'inherit'],
    env: { LESS: 'FRSX', ...process.env },
  });
  let hasEnded = false;
  const ended = new Promise<void>((resolve) => {
    const end = (): void => {
      hasEnded = true;
      resolve();
    };
    child.once('error', end);
    child.once('exit', end);
  });
  child.stdin.on('error', () => undefined);
  void ended.then(onQuit);
  let pressure: Promise<void> | undefined;
  return {
    get pressure() {
      return pressure;
    },
    write(line) {
      if (hasEnded || child.stdin.write(`${line}\n`)) return;
      const drained = new Promise<void>((resolve) => child.stdin.once('drain', resolve));
      pressure ??= Promise.race([drained, ended]).then(() => void (pressure = undefined));
    },
    async end() {
      child.stdin.end();
      await ended;
      if (process.stdin.isTTY) process.stdin.setRawMode(isRaw);
      process.stdin.resume();
    },
  };
}
