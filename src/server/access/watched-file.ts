import { readFileSync, unwatchFile, watchFile } from 'node:fs';
import { noSpan } from '../../diagnostics/source.ts';
import { SqlError } from '../../diagnostics/sql-error.ts';

const watchMs = 1000;

/** A file's lines without comments and empty ones, each as `name` and what stands behind the first of `separators`. */
export function namedLines(
  text: string,
  separator: string,
): { readonly line: number; readonly name: string; readonly value: string }[] {
  return text.split(/\r?\n/).flatMap((written, i) => {
    if (/^\s*(#|$)/.test(written)) return [];
    const at = written.indexOf(separator);
    const name = written.slice(0, at < 0 ? undefined : at).trim();
    return [{ line: i + 1, name, value: at < 0 ? '' : written.slice(at + 1).trim() }];
  });
}

/** A line of a file that cannot be read; it is told without its text, which may hold a password. */
export class WrongLine extends TypeError {
  constructor(line: number, why: string) {
    super(`line ${line}: ${why}`);
  }
}

/**
 * What a file says, read again when it changes. A file that cannot be read is an error at the start; later the former content
 * stays and the error is reported.
 */
export class WatchedFile<T> {
  readonly #path: string;
  readonly #reload: () => void;
  #content: T;

  constructor(setting: string, path: string, read: (text: string) => T, report: (text: string) => void) {
    this.#path = path;
    try {
      this.#content = read(readFileSync(path, 'utf8'));
    } catch (error) {
      throw new SqlError('INVALID_SETTING', noSpan, { name: setting, value: path, why: whyOf(error) });
    }
    this.#reload = () => {
      try {
        this.#content = read(readFileSync(path, 'utf8'));
        report(`${setting}: ${path} was read again`);
      } catch (error) {
        report(`${setting}: what ${path} said before stays: ${whyOf(error)}`);
      }
    };
    watchFile(path, { interval: watchMs, persistent: false }, this.#reload);
  }

  get content(): T {
    return this.#content;
  }
  close(): void {
    unwatchFile(this.#path, this.#reload);
  }
}

const whyOf = (error: unknown): string =>
  error instanceof WrongLine
    ? error.message
    : `the file cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'it is not as it must be'}`;
