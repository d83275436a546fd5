import { modelOptions, type ProviderName } from '../../config/model-options.ts';
import type { ModelColumn, ModelObject, ModelVersion } from '../../types/model.ts';
import type { ModelRegistry } from '../../runtime/ports/model-registry.ts';
import type { ModelHost, Scored } from '../../runtime/ports/model-host.ts';
import { fromJson } from '../../formats/json-convert.ts';
import { parseJson } from '../../types/json.ts';
import type { Value, Row } from '../../types/sql-type.ts';
import { retry } from '../../util/retry.ts';
import { sameData } from '../../util/same-data.ts';
import { Call, Gatherer, type WaitingRow } from './gatherer.ts';
import { OipProvider } from './oip-provider.ts';
import { OnnxProvider } from './onnx-provider.ts';
import { ScoringError, type Provider, type ProviderModel } from './provider.ts';

/** Loads models by their provider and scores rows: batches, null inputs, retries, and failures of single rows. */
export class ModelService implements ModelHost, ModelRegistry {
  readonly #providers: { readonly [P in ProviderName]: Provider };
  readonly #gatherer = new Gatherer();
  readonly #objects = new Map<string, ModelObject>();
  readonly #loaded = new Map<string, Promise<ProviderModel>>();
  readonly #closing = new AbortController();

  /** Called with every model that is put: threads that score rows by themselves need them too. */
  onPut: (model: ModelObject) => void = () => undefined;

  constructor() {
    const oip = new OipProvider();
    this.#providers = { ONNX: new OnnxProvider(), 'OIP-V2': oip, TRITON: oip };
  }

  #provider({ options }: ModelVersion): Provider {
    return this.#providers[modelOptions.read('PROVIDER', options)!];
  }

  async inspect(
    name: string,
    version: ModelVersion,
    declared: { input: readonly ModelColumn[]; output: readonly ModelColumn[] },
  ): Promise<typeof declared> {
    const { input, output } = await this.#provider(version).load(name, version, declared);
    return { input, output };
  }

  put(model: ModelObject): Promise<void> {
    const before = this.#objects.get(model.name);
    this.#objects.set(model.name, model);
    for (const version of before?.versions ?? []) {
      const after = model.versions.find((each) => each.version === version.version);
      if (!sameData(after, version)) this.#loaded.delete(`${model.name}/${version.version}`);
    }
    this.onPut(model);
    return Promise.resolve();
  }
  remove(name: string): void {
    this.#objects.delete(name);
    for (const key of this.#loaded.keys()) if (key.startsWith(`${name}/`)) this.#loaded.delete(key);
  }

  #version(name: string, version: number | undefined): { model: ModelObject; version: ModelVersion } {
    const model = this.#objects.get(name);
    const wanted = version ?? model?.defaultVersion;
    const found = model?.versions.find((each) => each.version === wanted);
    if (model === undefined || found === undefined)
      throw new ScoringError('INVALID_INPUT', `model "${name}" version ${wanted} does not exist`);
    return { model, version: found };
  }

  #load(model: ModelObject, version: ModelVersion): Promise<ProviderModel> {
    const key = `${model.name}/${version.version}`;
    let loading = this.#loaded.get(key);
    if (loading === undefined) {
      loading = this.#provider(version).load(model.name, version, model);
      this.#loaded.set(key, loading);
      // A server that was down may be up at the next call.
      loading.catch(() => this.#loaded.delete(key));
    }
    return loading;
  }

  onError(name: string, wanted: number): string {
    const { version } = this.#version(name, wanted);
    return modelOptions.read('ON_ERROR', version.options);
  }

  defaults(name: string, wanted: number): readonly Value[] {
    const { model, version } = this.#version(name, wanted);
    const json = parseJson(modelOptions.read('DEFAULT_VALUE', version.options));
    return model.output.map((column) => {
      if (!(json instanceof Map)) return null;
      const entry = [...json].find(([name]) => name.toUpperCase() === column.name.toUpperCase());
      return entry === undefined ? null : fromJson(entry[1], column.type, column.name);
    });
  }

  async score(name: string, wanted: number | undefined, rows: readonly Row[]): Promise<readonly Scored[]> {
    const started = performance.now();
    const { model, version } = this.#version(name, wanted);
    const { options } = version;
    const allowed = modelOptions.read('DEADLINE', options);
    const call = new Call(version.version, rows.length, allowed === undefined ? Infinity : started + allowed);
    const onNull = modelOptions.read('ON_NULL_INPUT', options);
    const open: WaitingRow[] = [];
    for (const [at, row] of rows.entries()) {
      if (!row.includes(null) || onNull === 'NAN') open.push({ row, at, call });
      else if (onNull === 'FAIL') call.set(at, undefined, 'INVALID_INPUT');
      else
        call.set(
          at,
          model.output.map(() => null),
          undefined,
        );
    }
    await this.#gatherer.score(`${model.name}/${version.version}`, open, {
      size: modelOptions.read('MAX_BATCH_SIZE', options),
      delayMs: modelOptions.read('MAX_BATCH_DELAY', options),
      run: (batch) => this.#scoreBatch(model, version, batch),
    });
    return call.results;
  }

  /** One call; a batch that fails for good is halved until the bad rows stand alone. */
  async #scoreBatch(model: ModelObject, version: ModelVersion, batch: readonly WaitingRow[]): Promise<void> {
    try {
      const answers = await this.#attempt(
        model,
        version,
        batch.map(({ row }) => row),
        Math.min(...batch.map(({ call }) => call.deadline)),
      );
      batch.forEach(({ call, at }, i) => call.set(at, answers[i], undefined));
    } catch (error) {
      const failure = error instanceof ScoringError ? error.failure : 'BAD_RESPONSE';
      const mayBeOneRow = failure === 'HTTP_4XX' || failure === 'HTTP_5XX' || failure === 'BAD_RESPONSE';
      if (batch.length === 1 || !mayBeOneRow) {
        for (const { call, at } of batch) call.set(at, undefined, failure);
        return;
      }
      const middle = batch.length >> 1;
      await Promise.all(
        [batch.slice(0, middle), batch.slice(middle)].map((half) => this.#scoreBatch(model, version, half)),
      );
    }
  }

  async #attempt(
    model: ModelObject,
    version: ModelVersion,
    rows: readonly Row[],
    deadline: number,
  ): Promise<readonly (readonly Value[])[]> {
    const { options } = version;
    const call = async (): Promise<readonly (readonly Value[])[]> => {
      const loaded = await this.#load(model, version);
      return withDeadline(loaded.score(rows), deadline);
    };
    return retry(call, {
      retries: modelOptions.read('MAX_RETRIES', options),
      firstMs: modelOptions.read('RETRY_INITIAL_BACKOFF', options),
      longestMs: modelOptions.read('RETRY_MAX_BACKOFF', options),
      mayPass: (error) => error instanceof ScoringError && error.retriable,
      deadline,
      signal: this.#closing.signal,
    });
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(Object.values(this.#providers).map((provider) => provider.close()));
  }
}

function withDeadline<T>(work: Promise<T>, deadline: number): Promise<T> {
  if (deadline === Infinity) return work;
  const left = deadline - performance.now();
  let timer: NodeJS.Timeout;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new ScoringError('DEADLINE', 'the deadline is over')), Math.max(0, left));
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
