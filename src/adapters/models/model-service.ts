import { modelOptions, type ProviderName } from '../../config/model-options.ts';
import type { ModelObject, ModelVersion } from '../../types/model.ts';
import { versionOfKey } from '../../types/model-route.ts';
import { findVersion, servedVersions } from '../../types/model-versions.ts';
import type { InspectedModel, ModelRegistry } from '../../runtime/ports/model-registry.ts';
import type { ModelHost, RowsBy, Scored } from '../../runtime/ports/model-host.ts';
import { sumStats, type VersionStats } from '../../runtime/ports/scoring-stats.ts';
import { Shadows } from './shadows.ts';
import { VersionCounts } from './scoring-counts.ts';
import { defaultOutputs } from '../../formats/default-outputs.ts';
import type { Value, Row } from '../../types/sql-type.ts';
import { sameData } from '../../util/same-data.ts';
import { Gatherer } from './gatherer.ts';
import { LoadedModel } from './loaded-model.ts';
import { OipProvider } from './oip-provider.ts';
import { OnnxProvider } from './onnx-provider.ts';
import { JsonProvider } from './json-provider.ts';
import { ScoringError, type ModelColumns, type Provider } from './provider.ts';
import { jsonProtocols } from './protocols/index.ts';
import { transformed } from './transformed-provider.ts';
import { UserProvider } from './user-provider.ts';
import { VersionScorer } from './version-scorer.ts';

/**
 * Loads models through their provider and scores rows: with batching, checks of NULL inputs, retries, and failures of single
 * rows.
 */
export class ModelService implements ModelHost, ModelRegistry {
  readonly #providers: { readonly [P in ProviderName]: Provider };
  /** Those of users' modules that models name. */
  readonly #users = new Map<string, Provider>();
  readonly #onnx: OnnxProvider;
  readonly #gatherer = new Gatherer();
  readonly #objects = new Map<string, ModelObject>();
  readonly #loaded = new Map<string, LoadedModel>();
  /** The version that was inspected last: it is loaded, and most likely put next. */
  #inspected:
    | {
        readonly name: string;
        readonly version: ModelVersion;
        readonly loaded: LoadedModel;
      }
    | undefined;
  /** The last call of `put` for each model: the one before it may still wait for a version to be loaded. */
  readonly #latest = new Map<string, number>();
  #turn = 0;
  readonly #closing = new AbortController();

  readonly #shadows = new Shadows(() => new ModelService(true));
  readonly #counts = new Map<string, VersionCounts>();
  readonly #scorers = new Map<string, VersionScorer>();
  /** The figures of threads that score rows themselves. */
  otherStats: () => Promise<readonly VersionStats[]> = () => Promise.resolve([]);

  /** Called with every model that is put, because threads that score rows themselves need it too. */
  onPut: (model: ModelObject) => Promise<void> = () => Promise.resolve();
  /** Called with every model that is removed, for the same threads. */
  onRemove: (name: string) => void = () => undefined;

  /** `staysOut`: the thread that asks does not score rows itself. */
  constructor(staysOut = false) {
    this.#onnx = new OnnxProvider(staysOut);
    const oip = new OipProvider();
    const json = Object.entries(jsonProtocols).map(([name, protocol]) => [name, new JsonProvider(protocol)]);
    const remote = Object.fromEntries(json) as { readonly [P in keyof typeof jsonProtocols]: Provider };
    this.#providers = { ONNX: this.#onnx, 'OIP-V2': oip, TRITON: oip, ...remote };
  }

  #provider(version: ModelVersion): Provider {
    const name = modelOptions.read('PROVIDER', version.options)!;
    let provider = (this.#providers as Readonly<Record<string, Provider>>)[name] ?? this.#users.get(name);
    if (provider === undefined) this.#users.set(name, (provider = new UserProvider(name)));
    return transformed(provider, version);
  }

  async inspect(name: string, version: ModelVersion, declared: ModelColumns): Promise<InspectedModel> {
    const { options } = version;
    const isComplete = declared.input.length > 0 && declared.output.length > 0;
    const onNull = modelOptions.read('ON_NULL_INPUT', options);
    if (onNull === 'SEND' && !this.#provider(version).takesNull)
      throw new TypeError('ON_NULL_INPUT is SEND, and tensors have no nulls');
    if (!modelOptions.read('VALIDATE', options) && isComplete) {
      this.#provider(version).check(version, declared);
      defaultOutputs(modelOptions.read('DEFAULT_VALUE', options), declared.output);
      return { ...declared, takes: undefined, notes: [] };
    }
    const loaded = new LoadedModel(this.#provider(version).load(version, declared));
    const { input, output, takes, notes, withoutNaN, pinned } = await loaded.model;
    try {
      defaultOutputs(modelOptions.read('DEFAULT_VALUE', options), output);
      if (onNull === 'NAN' && withoutNaN.length > 0)
        throw new TypeError(`ON_NULL_INPUT is NAN, and ${withoutNaN.join(', ')} can be no NaN in the model`);
    } catch (error) {
      loaded.drop();
      throw error;
    }
    this.#inspected?.loaded.drop();
    this.#inspected = { name, version: { ...version, options: { ...options, ...pinned } }, loaded };
    return { input, output, takes, notes, pinned };
  }

  async put(model: ModelObject): Promise<void> {
    const turn = ++this.#turn;
    this.#latest.set(model.name, turn);
    this.#adopt(model);
    await this.#prepare(model);
    // Another one came meanwhile.
    if (this.#latest.get(model.name) !== turn) return;
    const before = this.#objects.get(model.name);
    this.#objects.set(model.name, model);
    this.#shadows.put(model);
    for (const version of before?.versions ?? []) {
      const after = model.versions.find((candidate) => candidate.version === version.version);
      if (!sameData(after, version)) this.#drop(`${model.name}/${version.version}`);
    }
    await this.onPut(model);
  }

  /** Loads the versions that rows are now sent to, so that the first of them need not wait, if the model is at work here. */
  async #prepare(model: ModelObject): Promise<void> {
    const before = this.#objects.get(model.name);
    if (before?.versions.some(({ version }) => this.#loaded.has(`${model.name}/${version}`)) !== true) return;
    const served = servedVersions(before);
    const fresh = servedVersions(model).filter((version) => !served.includes(version));
    const versions = model.versions.filter(({ version }) => fresh.includes(version));
    // One that cannot be loaded here is told of by each row that goes to it.
    await Promise.all(versions.map((version) => this.#load(model, version).model.catch(() => undefined)));
  }

  /** Takes over what was loaded to inspect a version. */
  #adopt({ name, versions }: ModelObject): void {
    const inspected = this.#inspected;
    if (inspected?.name !== name) return;
    this.#inspected = undefined;
    const { version, loaded } = inspected;
    const key = `${name}/${version.version}`;
    const isThis = versions.some((each) => each.version === version.version && sameData(each.options, version.options));
    if (isThis && !this.#loaded.has(key)) this.#loaded.set(key, loaded);
    else loaded.drop();
  }

  remove(name: string): void {
    for (const { version } of this.#objects.get(name)?.versions ?? []) this.#drop(`${name}/${version}`);
    this.#objects.delete(name);
    this.#latest.delete(name);
    this.#shadows.remove(name);
    this.onRemove(name);
  }

  #drop(key: string): void {
    this.#counts.delete(key);
    this.#scorers.delete(key);
    this.#loaded.get(key)?.drop();
    this.#loaded.delete(key);
  }

  #version(name: string, wanted: number | string | undefined): { model: ModelObject; version: ModelVersion } {
    const found = this.#find(name, wanted);
    if (found === undefined)
      throw new ScoringError('INVALID_INPUT', `model "${name}" version ${wanted} does not exist`);
    return found;
  }
  #find(name: string, wanted: number | string | undefined): { model: ModelObject; version: ModelVersion } | undefined {
    const model = this.#objects.get(name);
    const number = model && (wanted === undefined ? model.defaultVersion : findVersion(model, String(wanted)));
    const version = model?.versions.find((candidate) => candidate.version === number);
    return model === undefined || version === undefined ? undefined : { model, version };
  }

  #load(model: ModelObject, version: ModelVersion): LoadedModel {
    const key = `${model.name}/${version.version}`;
    const known = this.#loaded.get(key);
    if (known !== undefined) return known;
    const loaded = new LoadedModel(this.#provider(version).load(version, model));
    this.#loaded.set(key, loaded);
    // A failed load is not cached: the server may be available at the next call.
    loaded.model.catch(() => {
      if (this.#loaded.get(key) === loaded) this.#loaded.delete(key);
    });
    return loaded;
  }

  async ready(name: string, number: number): Promise<void> {
    const { model, version } = this.#version(name, number);
    // Asked now, also where VALIDATE is off or the version was loaded some time ago.
    const options = { ...version.options, VALIDATE: 'ON' };
    const checked = new LoadedModel(this.#provider(version).load({ ...version, options }, model));
    await checked.model;
    await this.#load(model, version).model;
    checked.drop();
  }

  mostCalls(name: string, wanted: number | string | undefined, options: ModelVersion['options'] = {}): number {
    const { version } = this.#version(name, wanted);
    return modelOptions.read('MAX_IN_FLIGHT', { ...version.options, ...options });
  }

  threads(name: string, wanted: number | string | undefined): number | undefined {
    const found = this.#find(name, wanted);
    return found && this.#provider(found.version).workers?.(found.version);
  }

  onError(name: string, wanted: number): string {
    const { version } = this.#version(name, wanted);
    return modelOptions.read('ON_ERROR', version.options);
  }

  defaults(name: string, wanted: number, options: ModelVersion['options'] = {}): readonly Value[] {
    const { model, version } = this.#version(name, wanted);
    this.#countsOf(name, version.version).defaults++;
    return defaultOutputs(modelOptions.read('DEFAULT_VALUE', { ...version.options, ...options }), model.output);
  }

  #countsOf(name: string, version: number): VersionCounts {
    const key = `${name}/${version}`;
    let counts = this.#counts.get(key);
    if (counts === undefined) this.#counts.set(key, (counts = new VersionCounts()));
    return counts;
  }

  /** What this thread has counted. */
  ownStats(): VersionStats[] {
    const own = [...this.#objects.values()].flatMap(({ name, versions }) =>
      versions.flatMap(({ version }) => {
        const key = `${name}/${version}`;
        const stats = this.#counts.get(key)?.stats(name, version);
        const circuit = this.#scorers.get(key)?.circuit;
        return stats === undefined ? [] : circuit === undefined ? stats : { ...stats, circuit };
      }),
    );
    return [...own, ...this.#shadows.stats()];
  }
  async stats(): Promise<readonly VersionStats[]> {
    return sumStats([...this.ownStats(), ...(await this.otherStats())]);
  }

  async score(
    name: string,
    wanted: number | string | undefined,
    rows: readonly Row[],
    by?: RowsBy,
    options?: ModelVersion['options'],
  ): Promise<readonly Scored[]> {
    const started = performance.now();
    const { model, version } = this.#version(name, wanted);
    if (wanted !== undefined || model.route === undefined || by === undefined)
      return this.#scorer(model, version).score(rows, started, options, by?.answered);
    const parts = new Map<number, number[]>();
    for (let row = 0; row < rows.length; row++) {
      const chosen = versionOfKey(model.route, by.keyOf(row)) ?? version.version;
      const part = parts.get(chosen);
      if (part === undefined) parts.set(chosen, [row]);
      else part.push(row);
    }
    const results = new Array<Scored>(rows.length);
    await Promise.all(
      [...parts].map(async ([chosen, places]) => {
        const declared = model.versions.find(({ version }) => version === chosen)!;
        const own = places.map((place) => rows[place]!);
        const answered = by.answered && ((at: number, answer: Scored): void => by.answered!(places[at]!, answer));
        const scored = await this.#scorer(model, declared).score(own, started, options, answered);
        places.forEach((place, i) => (results[place] = scored[i]!));
      }),
    );
    if (by.shadowed !== undefined && model.route.shadows !== undefined) this.#shadows.send(model, rows, results, by);
    return results;
  }

  #scorer(model: ModelObject, version: ModelVersion): VersionScorer {
    const key = `${model.name}/${version.version}`;
    let scorer = this.#scorers.get(key);
    if (scorer === undefined) {
      scorer = new VersionScorer(model, version, {
        gatherer: this.#gatherer,
        isByRow: this.#provider(version).isByRow(version),
        workers: this.#provider(version).workers?.(version),
        takesNull: this.#provider(version).takesNull,
        load: () => this.#load(model, version),
        counts: () => this.#countsOf(model.name, version.version),
        signal: this.#closing.signal,
      });
      this.#scorers.set(key, scorer);
    }
    return scorer;
  }

  /** How many sessions of ONNX Runtime there are. */
  sessions(): Promise<number> {
    return this.#onnx.sessions();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#shadows.close();
    await Promise.all([...Object.values(this.#providers), ...this.#users.values()].map((each) => each.close()));
  }
}
