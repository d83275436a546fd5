import type { ModelColumn, ModelObject, ModelVersion } from '../../types/model.ts';
import type { ModelRegistry } from '../../runtime/ports/model-registry.ts';
import type { Row } from '../../runtime/change.ts';
import type { ModelHost, Scored } from '../../runtime/ports/model-host.ts';
import { fromJson } from '../../formats/json-convert.ts';
import { parseJson } from '../../types/json.ts';
import type { Value } from '../../types/sql-type.ts';
import { retry } from '../../util/retry.ts';
import { sameData } from '../../util/same-data.ts';
import { durationMs, OipProvider } from './oip-provider.ts';
import { OnnxProvider } from './onnx-provider.ts';
import { ScoringError, type Provider, type ProviderModel } from './provider.ts';

/** Loads models by their provider and scores rows: batches, null inputs, retries, and failures of single rows. */
export class ModelService implements ModelHost, ModelRegistry {
  readonly #providers: Readonly<Record<string, Provider>>;
  readonly #objects = new Map<string, ModelObject>();
  readonly #loaded = new Map<string, Promise<ProviderModel>>();
  readonly #closing = new AbortController();

  /** Called with every model that is put: threads that score rows by themselves need them too. */
  onPut: (model: ModelObject) => void = () => undefined;

  constructor() {
    const oip = new OipProvider();
    this.#providers = { ONNX: new OnnxProvider(), 'OIP-V2': oip, TRITON: oip };
  }

  async inspect(
    name: string,
    version: ModelVersion,
    declared: { input: readonly ModelColumn[]; output: readonly ModelColumn[] },
  ): Promise<typeof declared> {
    const { input, output } = await this.#providers[version.options['PROVIDER']!]!.load(name, version, declared);
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
      loading = this.#providers[version.options['PROVIDER']!]!.load(model.name, version, model);
      this.#loaded.set(key, loading);
      // A server that was down may be up at the next call.
      loading.catch(() => this.#loaded.delete(key));
    }
    return loading;
  }

  onError(name: string, wanted: number): string {
    const { version } = this.#version(name, wanted);
    return version.options['ON_ERROR'] ?? 'FAIL';
  }

  defaults(name: string, wanted: number): readonly Value[] {
    const { model, version } = this.#version(name, wanted);
    const json = parseJson(version.options['DEFAULT_VALUE'] ?? '{}');
    return model.output.map((column) => {
      if (!(json instanceof Map)) return null;
      const entry = [...json].find(([name]) => name.toUpperCase() === column.name.toUpperCase());
      return entry === undefined ? null : fromJson(entry[1], column.type, column.name);
    });
  }

  async score(name: string, wanted: number | undefined, rows: readonly Row[]): Promise<readonly Scored[]> {
    const started = performance.now();
    const { model, version } = this.#version(name, wanted);
    const results = new Array<Scored>(rows.length);
    const set = (i: number, outputs: readonly Value[] | undefined, error: string | undefined): void => {
      results[i] = { outputs, version: version.version, error, latencyMs: performance.now() - started };
    };
    const open = rows.flatMap((row, i) => {
      if (!row.includes(null)) return [i];
      const action = version.options['ON_NULL_INPUT'] ?? 'RETURN_NULL';
      if (action === 'NAN') return [i];
      if (action === 'FAIL') set(i, undefined, 'INVALID_INPUT');
      else
        set(
          i,
          model.output.map(() => null),
          undefined,
        );
      return [];
    });
    const deadline =
      version.options['DEADLINE'] === undefined ? Infinity : started + durationMs(version.options['DEADLINE'], 0);
    const size = Number(version.options['MAX_BATCH_SIZE'] ?? 256);
    const batches: number[][] = [];
    for (let i = 0; i < open.length; i += size) batches.push(open.slice(i, i + size));
    await Promise.all(batches.map((batch) => this.#scoreBatch(model, version, rows, batch, deadline, set)));
    return results;
  }

  /** One call; a batch that fails for good is halved until the bad rows stand alone. */
  async #scoreBatch(
    model: ModelObject,
    version: ModelVersion,
    rows: readonly Row[],
    batch: readonly number[],
    deadline: number,
    set: (i: number, outputs: readonly Value[] | undefined, error: string | undefined) => void,
  ): Promise<void> {
    try {
      const answers = await this.#attempt(
        model,
        version,
        batch.map((i) => rows[i]!),
        deadline,
      );
      batch.forEach((i, at) => set(i, answers[at], undefined));
    } catch (error) {
      const failure = error instanceof ScoringError ? error.failure : 'BAD_RESPONSE';
      const mayBeOneRow = failure === 'HTTP_4XX' || failure === 'HTTP_5XX' || failure === 'BAD_RESPONSE';
      if (batch.length === 1 || !mayBeOneRow) {
        for (const i of batch) set(i, undefined, failure);
        return;
      }
      const middle = batch.length >> 1;
      await Promise.all(
        [batch.slice(0, middle), batch.slice(middle)].map((half) =>
          this.#scoreBatch(model, version, rows, half, deadline, set),
        ),
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
      retries: Number(options['MAX_RETRIES'] ?? 0),
      firstMs: durationMs(options['RETRY_INITIAL_BACKOFF'], 100),
      longestMs: durationMs(options['RETRY_MAX_BACKOFF'], 30_000),
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
