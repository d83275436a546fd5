import type { Row } from '../../types/sql-type.ts';
import type { ProviderModel, RowAnswer } from './provider.ts';

/** A version of a model that is loaded or being loaded. It is unloaded when it is dropped and no call uses it. */
export class LoadedModel {
  readonly model: Promise<ProviderModel>;
  #calls = 0;
  #isDropped = false;
  #hasFailed = false;

  constructor(model: Promise<ProviderModel>) {
    this.model = model;
    model.catch(() => (this.#hasFailed = true));
  }

  /** Whether it could not be loaded. */
  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  /** Keeps it loaded until `release`, also when it is dropped meanwhile. */
  hold(): void {
    this.#calls++;
  }
  release(): void {
    this.#calls--;
    this.#unload();
  }

  async score(rows: readonly Row[], signal?: AbortSignal): Promise<readonly RowAnswer[]> {
    this.hold();
    try {
      const model = await this.model;
      return await model.score(rows, signal);
    } finally {
      this.release();
    }
  }

  drop(): void {
    this.#isDropped = true;
    this.#unload();
  }

  #unload(): void {
    if (!this.#isDropped || this.#calls > 0) return;
    void this.model.then(
      (model) => model.close(),
      () => undefined,
    );
  }
}
