/** What operators that wait for others' answers tell their task. */
export class Answers {
  /** Rows that are out. */
  waiting = 0;
  #haveCome = false;
  /** Called when answers have come since they were last taken. */
  onCome: () => void = () => undefined;

  come(): void {
    if (this.#haveCome) return;
    this.#haveCome = true;
    this.onCome();
  }
  /** Whether answers have come since the last call. */
  take(): boolean {
    const haveCome = this.#haveCome;
    this.#haveCome = false;
    return haveCome;
  }
}
