import { modelOptions } from '../../config/model-options.ts';
import { remoteOptions, healthOptions } from '../../config/provider-options.ts';
import type { Scored } from '../../runtime/ports/model-host.ts';
import type { ModelColumn, ModelObject, ModelVersion } from '../../types/model.ts';
import type { Row, SqlType, Value } from '../../types/sql-type.ts';
import { retry } from '../../util/retry.ts';
import { AnswerCache, cacheKey } from './answer-cache.ts';
import { CircuitBreaker, type CircuitState } from './circuit-breaker.ts';
import { scoreDivided } from './divide.ts';
import { BatchSize, usualRows } from './batch-size.ts';
import { Call, type Gatherer, type WaitingRows } from './gatherer.ts';
import { Health } from './health.ts';
import { InFlight } from './in-flight.ts';
import type { LoadedModel } from './loaded-model.ts';
import { hasNullWithin } from './nulls.ts';
import { ScoringError, type RowAnswer } from './provider.ts';
import type { VersionCounts } from './scoring-counts.ts';

type Options = ModelVersion['options'];

/** What a version is scored with. */
export interface ScorerContext {
  readonly gatherer: Gatherer;
  /** Whether one call scores one row. */
  readonly isByRow: boolean;
  /** How many threads of this process work on calls; undefined for a server. */
  readonly workers: number | undefined;
  /** Whether rows may have nulls. */
  readonly takesNull: boolean;
  readonly load: () => LoadedModel;
  readonly counts: () => VersionCounts;
  /** Ends pauses between attempts. */
  readonly signal: AbortSignal;
}

/** Scores rows by one version of a model, as its options say. */
export class VersionScorer {
  readonly #model: ModelObject;
  readonly #version: ModelVersion;
  readonly #context: ScorerContext;
  readonly #inFlight = new InFlight();
  readonly #health = new Health();
  readonly #breaker: CircuitBreaker | undefined;
  readonly #cache: AnswerCache | undefined;
  readonly #size: BatchSize | undefined;

  constructor(model: ModelObject, version: ModelVersion, context: ScorerContext) {
    this.#model = model;
    this.#version = version;
    this.#context = context;
    const { options } = version;
    if (context.workers !== undefined) this.#size = new BatchSize(context.workers);
    if (modelOptions.read('CACHE_SIZE', options) > 0)
      this.#cache = new AnswerCache(modelOptions.read('CACHE_SIZE', options), modelOptions.read('CACHE_TTL', options));
    if (remoteOptions.read('CIRCUIT_BREAKER_ENABLED', options))
      this.#breaker = new CircuitBreaker({
        threshold: remoteOptions.read('CIRCUIT_BREAKER_FAILURE_THRESHOLD', options),
        calls: remoteOptions.read('CIRCUIT_BREAKER_MIN_REQUESTS', options),
        openMs: remoteOptions.read('CIRCUIT_BREAKER_TIMEOUT', options),
        probes: remoteOptions.read('CIRCUIT_BREAKER_HALF_OPEN_REQUESTS', options),
      });
  }

  /** Undefined without a circuit breaker. */
  get circuit(): CircuitState | undefined {
    return this.#breaker?.state;
  }

  /** `given` are the options of the call, before those of the version. */
  async score(
    rows: readonly Row[],
    started: number,
    given?: Options,
    answered?: (row: number, answer: Scored) => void,
  ): Promise<readonly Scored[]> {
    const { name, output, input } = this.#model;
    const { version } = this.#version;
    const options = given === undefined ? this.#version.options : { ...this.#version.options, ...given };
    const allowed = modelOptions.read('DEADLINE', options);
    const call = new Call(version, rows.length, allowed === undefined ? Infinity : started + allowed, answered);
    const { gatherer, isByRow, takesNull, counts, load } = this.#context;
    // What is dropped while this call waits still scores it.
    const held = load();
    held.hold();
    const onNull = modelOptions.read('ON_NULL_INPUT', options);
    const isSent = onNull === 'NAN' || (onNull === 'SEND' && takesNull);
    const nulls = output.map(() => null);
    const hasNull = input.some(({ type }) => type.kind === 'ARRAY') ? hasNullWithin : hasNullColumn;
    const open: Row[] = [];
    const places: number[] = [];
    for (let at = 0; at < rows.length; at++) {
      const row = rows[at]!;
      const isWhole = !hasNull(row);
      if (isSent || isWhole) {
        open.push(isWhole || onNull !== 'NAN' ? row : withNaN(row, input));
        places.push(at);
      } else if (onNull !== 'RETURN_NULL') call.set(at, new ScoringError('INVALID_INPUT', nullInput), call.age);
      else call.skip(at, nulls, nullInput);
    }
    const cache = this.#cache;
    const asked =
      cache === undefined
        ? { call, rows: open, places, keys: undefined }
        : withoutCached({ call, rows: open, places, keys: open.map(cacheKey) }, cache);
    await gatherer
      .score(`${name}/${version}${given === undefined ? '' : JSON.stringify(given)}`, asked, {
        size: isByRow ? 1 : this.#rowsACall(options, asked.rows.length),
        delayMs: modelOptions.read('MAX_BATCH_DELAY', options),
        run: (batch) => this.#scoreBatch(batch, options, held),
      })
      .finally(() => held.release());
    counts().results(call.results);
    return call.results;
  }

  #rowsACall(options: Options, rows: number): number {
    return modelOptions.read('MAX_BATCH_SIZE', options) ?? this.#size?.of(rows) ?? usualRows;
  }

  async #scoreBatch(batch: readonly WaitingRows[], options: Options, held: LoadedModel): Promise<void> {
    const deadline = Math.min(...batch.map(({ call }) => call.deadline));
    const rows = batch.length === 1 ? batch[0]!.rows : batch.flatMap((part) => part.rows);
    const answers = await this.#answers(rows, options, held, deadline);
    let next = 0;
    for (const { call, places, keys } of batch) {
      const latencyMs = call.age;
      for (let i = 0; i < places.length; i++) {
        const answer = answers instanceof ScoringError ? answers : answers[next++]!;
        call.set(places[i]!, answer, latencyMs);
        if (keys !== undefined && !(answer instanceof ScoringError)) this.#cache?.set(keys[i]!, answer);
      }
    }
  }

  /** The answer of each row, or why none is asked for. */
  async #answers(
    rows: readonly Row[],
    options: Options,
    held: LoadedModel,
    deadline: number,
  ): Promise<readonly RowAnswer[] | ScoringError> {
    try {
      return await this.#inFlight.run(modelOptions.read('MAX_IN_FLIGHT', options), deadline, async () => {
        const problem = await this.#problem(options);
        if (problem !== undefined) return problem;
        if (this.#breaker?.admit() === false)
          return new ScoringError('CIRCUIT_OPEN', 'too many of the last calls have failed');
        const answers = await scoreDivided(rows, (part) => this.#attempt(part, options, held, deadline));
        this.#breaker?.record(verdict(answers));
        return answers;
      });
    } catch (error) {
      if (error instanceof ScoringError) return error;
      throw error;
    }
  }

  /** Why the server is not called, when its health is watched. */
  async #problem(options: Options): Promise<ScoringError | undefined> {
    if (!healthOptions.read('HEALTH_CHECK_ENABLED', options)) return undefined;
    const check = async (): Promise<unknown> => (await this.#context.load().model).check?.();
    return this.#health.problem(check, healthOptions.read('HEALTH_CHECK_INTERVAL', options));
  }

  #attempt(rows: readonly Row[], options: Options, held: LoadedModel, deadline: number): Promise<readonly RowAnswer[]> {
    const { counts, load, signal } = this.#context;
    const call = async (): Promise<readonly RowAnswer[]> => {
      const started = performance.now();
      const work = (late?: AbortSignal): Promise<readonly RowAnswer[]> =>
        (held.hasFailed ? load() : held).score(rows, late);
      const answers = await counts().call(rows.length, () => withDeadline(work, deadline));
      this.#size?.took(rows.length, performance.now() - started);
      return answers;
    };
    return retry(call, {
      retries: modelOptions.read('MAX_RETRIES', options),
      firstMs: modelOptions.read('RETRY_INITIAL_BACKOFF', options),
      longestMs: modelOptions.read('RETRY_MAX_BACKOFF', options),
      mayPass: (error) => error instanceof ScoringError && error.retriable,
      deadline,
      signal,
    });
  }
}

/** The rows whose answers are not known; the others have them. */
function withoutCached({ call, rows, places, keys }: WaitingRows, cache: AnswerCache): WaitingRows {
  const open: number[] = [];
  for (const [i, key] of keys!.entries()) {
    const outputs = cache.get(key);
    if (outputs === undefined) open.push(i);
    else call.set(places[i]!, outputs, call.age);
  }
  const of = <T>(list: readonly T[]): T[] => open.map((i) => list[i]!);
  return { call, rows: of(rows), places: of(places), keys: of(keys!) };
}

const nullInput = 'an input is null';
const hasNullColumn = (row: Row): boolean => row.includes(null);

/** The row with NaN in place of the nulls of DOUBLE columns. */
const withNaN = (row: Row, input: readonly ModelColumn[]): Row => row.map((value, i) => nanFor(value, input[i]!.type));
function nanFor(value: Value, type: SqlType): Value {
  if (value === null) return type.kind === 'DOUBLE' ? NaN : null;
  return type.kind === 'ARRAY' ? (value as readonly Value[]).map((item) => nanFor(item, type.element)) : value;
}

/** Whether a server works, by what it answered; undefined when that was not asked. A row that it refuses says that it does. */
function verdict(answers: readonly RowAnswer[]): boolean | undefined {
  const asked = answers.filter((answer) => !(answer instanceof ScoringError && answer.failure === 'INVALID_INPUT'));
  if (asked.length === 0) return undefined;
  return asked.some((answer) => !(answer instanceof ScoringError) || answer.failure === 'HTTP_4XX');
}

async function withDeadline<T>(work: (signal?: AbortSignal) => Promise<T>, deadline: number): Promise<T> {
  if (deadline === Infinity) return work();
  const left = deadline - performance.now();
  const isOver = (): ScoringError => new ScoringError('DEADLINE', 'the deadline is over');
  if (left <= 0) throw isOver();
  let timer: NodeJS.Timeout;
  const controller = new AbortController();
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const error = isOver();
      reject(error);
      controller.abort(error);
    }, left);
  });
  return Promise.race([work(controller.signal), late]).finally(() => clearTimeout(timer));
}
