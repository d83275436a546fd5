import { modelOptions } from '../../config/model-options.ts';
import { remoteOptions, healthOptions } from '../../config/provider-options.ts';
import type { Scored } from '../../runtime/ports/model-host.ts';
import type { ModelColumn, ModelObject, ModelVersion } from '../../types/model.ts';
import type { Row, SqlType, Value } from '../../types/sql-type.ts';
import { retry } from '../../util/retry.ts';
import { AnswerCache, cacheKey } from './answer-cache.ts';
import { CircuitBreaker, type CircuitState } from './circuit-breaker.ts';
import { scoreDivided } from './divide.ts';
import { Call, type Gatherer, type WaitingRow } from './gatherer.ts';
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

  constructor(model: ModelObject, version: ModelVersion, context: ScorerContext) {
    this.#model = model;
    this.#version = version;
    this.#context = context;
    const { options } = version;
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
    const open: WaitingRow[] = [];
    const nulls = output.map(() => null);
    const hasNull = input.some(({ type }) => type.kind === 'ARRAY') ? hasNullWithin : hasNullColumn;
    for (const [at, given] of rows.entries()) {
      const isWhole = !hasNull(given);
      const row = isWhole || onNull !== 'NAN' ? given : withNaN(given, input);
      if (isSent || isWhole) open.push({ row, at, call, key: this.#cache && cacheKey(row) });
      else if (onNull !== 'RETURN_NULL') call.fail(at, new ScoringError('INVALID_INPUT', nullInput));
      else call.skip(at, nulls, nullInput);
    }
    const asked = this.#cache === undefined ? open : this.#withoutCached(open, this.#cache);
    await gatherer
      .score(`${name}/${version}${given === undefined ? '' : JSON.stringify(given)}`, asked, {
        size: isByRow ? 1 : modelOptions.read('MAX_BATCH_SIZE', options),
        delayMs: modelOptions.read('MAX_BATCH_DELAY', options),
        run: (batch) => this.#scoreBatch(batch, options, held),
      })
      .finally(() => held.release());
    counts().results(call.results);
    return call.results;
  }

  /** The rows whose answers are not known; the others have them. */
  #withoutCached(rows: readonly WaitingRow[], cache: AnswerCache): readonly WaitingRow[] {
    return rows.filter(({ at, call, key }) => {
      const outputs = cache.get(key!);
      if (outputs !== undefined) call.set(at, outputs);
      return outputs === undefined;
    });
  }

  async #scoreBatch(batch: readonly WaitingRow[], options: Options, held: LoadedModel): Promise<void> {
    const deadline = Math.min(...batch.map(({ call }) => call.deadline));
    const answers = await this.#answers(batch, options, held, deadline);
    batch.forEach(({ call, at, key }, i) => {
      const answer = answers instanceof ScoringError ? answers : answers[i]!;
      if (answer instanceof ScoringError) call.fail(at, answer);
      else {
        call.set(at, answer);
        this.#cache?.set(key!, answer);
      }
    });
  }

  /** The answer of each row, or why none is asked for. */
  async #answers(
    batch: readonly WaitingRow[],
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
        const rows = batch.map(({ row }) => row);
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
    const call = (): Promise<readonly RowAnswer[]> =>
      counts().call(rows.length, () =>
        withDeadline((late) => (held.hasFailed ? load() : held).score(rows, late), deadline),
      );
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
