import { createWriteStream, type WriteStream } from 'node:fs';
import { tokensOf } from '../../syntax/tokens.ts';
import { isSecretKey } from '../../util/secrets.ts';

/** What somebody did or wanted to do. */
export interface AuditEvent {
  readonly user: string | undefined;
  readonly address: string | undefined;
  readonly request: string;
  /** The statement, for those that are sent as text. */
  readonly statement?: string;
  readonly result: 'done' | 'failed' | 'denied' | 'unauthenticated' | 'limited';
  readonly code?: string | undefined;
}

const longest = 10_000;

/**
 * A statement as the audit log has it: without the values of properties whose names tell of secrets, of variables and of
 * INSERT's rows.
 */
export function maskedStatement(text: string): string {
  const all = tokensOf(text.slice(0, longest));
  const tokens = all.filter(({ kind }) => kind !== 'comment');
  const image = (i: number): string => text.slice(tokens[i]?.start, tokens[i]?.end);
  const first = image(0).toUpperCase();
  let masked = '';
  let at = 0;
  let inValues = false;
  let i = 0;
  for (const { start, end, kind } of all) {
    // What is no token may be the beginning of a string without end, which goes to the end of the text.
    if (text.slice(at, start).trim() !== '') return `${masked} [hidden]`;
    masked += text.slice(at, start);
    at = end;
    if (kind === 'comment') continue;
    if (first === 'INSERT' && kind === 'keyword' && image(i).toUpperCase() === 'VALUES') inValues = true;
    const isValue = kind === 'string' || kind === 'number';
    const isNamed = image(i - 1) === '=' && (isSecretKey(image(i - 2)) || first === 'DEFINE');
    masked += isValue && (inValues || isNamed) ? '[hidden]' : image(i).replace(/\/\/[^/\s]*@/g, '//[hidden]@');
    i++;
  }
  return masked;
}

/** A log of JSON lines: who did what, when, and how it ended. */
export class AuditLog {
  readonly #stream: WriteStream | NodeJS.WriteStream | undefined;

  /** `target` is a file, which is appended to and readable by its owner only, or `stderr`. */
  constructor(target: string | undefined, report: (text: string) => void) {
    if (target === undefined) return;
    if (target === 'stderr') {
      this.#stream = process.stderr;
      return;
    }
    this.#stream = createWriteStream(target, { flags: 'a', mode: 0o600 });
    this.#stream.on('error', (error) => report(`audit.log cannot be written: ${error.message}`));
  }

  get isOn(): boolean {
    return this.#stream !== undefined;
  }

  write({ statement, ...event }: AuditEvent): void {
    if (this.#stream === undefined) return;
    const time = new Date().toISOString();
    const what = statement === undefined ? {} : { statement: maskedStatement(statement) };
    this.#stream.write(`${JSON.stringify({ time, ...event, ...what })}\n`);
  }

  close(): Promise<void> {
    const stream = this.#stream;
    if (stream === undefined || stream === process.stderr) return Promise.resolve();
    return new Promise((resolve) => stream.end(() => resolve()));
  }
}
