/** A search backwards in what was typed, as Ctrl-R begins it in bash and psql. `history` has the newest first. */
export class HistorySearch {
  readonly #history: readonly string[];
  #wanted = '';
  /** Where in the history the line that is shown stands; -1 before anything is found. */
  #at = -1;

  constructor(history: readonly string[]) {
    this.#history = history;
  }

  /** What is found: without letters nothing is looked for. */
  get found(): string {
    return this.#history[this.#at] ?? '';
  }
  get prompt(): string {
    const isMissing = this.#wanted !== '' && this.#at < 0;
    return `(${isMissing ? 'failed ' : ''}reverse-i-search)\`${this.#wanted}': `;
  }

  /** Looks from the newest one on for a longer text, which may be what is found already. */
  add(text: string): void {
    this.#wanted += text;
    this.#find(Math.max(0, this.#at));
  }
  back(): void {
    this.#wanted = [...this.#wanted].slice(0, -1).join('');
    this.#find(0);
  }
  /** The next older one; stays where there is none. */
  older(): void {
    const at = this.#at;
    this.#find(at + 1);
    if (this.#at < 0) this.#at = at;
  }
  #find(from: number): void {
    const wanted = this.#wanted.toLowerCase();
    this.#at =
      wanted === '' ? -1 : this.#history.findIndex((line, i) => i >= from && line.toLowerCase().includes(wanted));
  }
}
