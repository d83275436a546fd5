import { modelOptions } from '../../config/model-options.ts';
import { healthOptions, userProviderOptions } from '../../config/provider-options.ts';
import { fileName, givenOptions } from '../../extensions/provider-options.ts';
import { findProvider, type OpenedModel, type UserProvider as Definition } from '../../extensions/providers.ts';
import { givenAs, takenAs } from '../../extensions/values.ts';
import type { ModelColumn, ModelVersion } from '../../types/model.ts';
import { typeText, type Row, type Value } from '../../types/sql-type.ts';
import { predictionReader } from './json-rows.ts';
import { hasNaN, hasNullWithin } from './nulls.ts';
import { refuseOptions } from './json-provider.ts';
import { asResponse, ScoringError, type ModelColumns, type Provider, type ProviderModel } from './provider.ts';
import { userFailure } from './user-failure.ts';

/** Models of a provider that a module of the extension folder defines, in this thread. */
export class UserProvider implements Provider {
  readonly takesNull = true;
  readonly #name: string;
  readonly #calls = new Calls();

  /** The provider of this name need not be there: then no model of it can be loaded. */
  constructor(name: string) {
    this.#name = name;
  }

  isByRow(): boolean {
    return false;
  }

  get #definition(): Definition {
    const found = findProvider(this.#name);
    if (found === undefined)
      throw new TypeError(`no module of the extension folder (ksql.extension.dir) defines the provider ${this.#name}`);
    return found;
  }

  check({ options }: ModelVersion, { output }: ModelColumns): void {
    givenOptions(this.#definition, options);
    refuseOptions(options, ['INPUT_TENSOR'], 'a provider of your own gets the columns');
    predictionReader(output, modelOptions.read('OUTPUT_MAP', options), outputReader);
  }

  async load(version: ModelVersion, declared: ModelColumns): Promise<ProviderModel> {
    const { input, output } = declared;
    if (input.length === 0 || output.length === 0)
      throw new TypeError('the provider does not tell its inputs and outputs: declare INPUT and OUTPUT');
    this.check(version, declared);
    const definition = this.#definition;
    const stored = version.options;
    const { options, secrets } = givenOptions(definition, stored);
    const timeoutMs = userProviderOptions.read('TIMEOUT', stored);
    const call = <T>(work: (signal: AbortSignal) => Promise<T>, outer?: AbortSignal): Promise<T> =>
      this.#calls.run(work, timeoutMs, outer).catch((error: unknown) => {
        throw userFailure(error, secrets);
      });
    let isLate = false;
    const opening = call((signal) =>
      definition.open(options, signatureOf(declared), signal).then((opened) => {
        if (isLate) void opened.close().catch(() => undefined);
        return opened;
      }),
    );
    const model = await opening.catch((error: unknown) => {
      isLate = true;
      throw error;
    });
    const { health } = model;
    const check = health && ((): Promise<unknown> => call(health).then(served));
    try {
      if (check === undefined && healthOptions.read('HEALTH_CHECK_ENABLED', stored))
        throw new TypeError(
          `HEALTH_CHECK_ENABLED: what ${fileName(definition.path)} opens has no health, which would be asked`,
        );
      if (modelOptions.read('VALIDATE', stored)) await check?.();
    } catch (error) {
      await close(model);
      throw error;
    }
    const give = rowGiver(input);
    const read = predictionReader(output, modelOptions.read('OUTPUT_MAP', stored), outputReader);
    return {
      input,
      output,
      takes: undefined,
      notes: [],
      withoutNaN: input.filter(({ type }) => !hasNaN(type)).map(({ name }) => name),
      score: async (rows, signal) => {
        const answer = await call((own) => model.scoreBatch(rows.map(give), own), signal);
        return asResponse(() =>
          answersOf(answer, rows.length).map((one) => (one instanceof Error ? userFailure(one, secrets) : read(one))),
        );
      },
      ...(check === undefined ? {} : { check }),
      close: () => close(model),
    };
  }

  close(): Promise<void> {
    this.#calls.abort();
    return Promise.resolve();
  }
}

/** The calls of code that promises an answer. One that does not come in time is not waited for. */
class Calls {
  readonly #running = new Set<AbortController>();

  async run<T>(work: (signal: AbortSignal) => Promise<T>, timeoutMs: number, outer?: AbortSignal): Promise<T> {
    const own = new AbortController();
    const { signal } = own;
    const late = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    });
    const end = (): void => own.abort(outer!.reason);
    const timer = setTimeout(() => own.abort(new ScoringError('TIMEOUT', `no answer in ${timeoutMs} ms`)), timeoutMs);
    outer?.addEventListener('abort', end, { once: true });
    this.#running.add(own);
    try {
      return await Promise.race([work(signal), late]);
    } finally {
      clearTimeout(timer);
      outer?.removeEventListener('abort', end);
      this.#running.delete(own);
    }
  }

  abort(): void {
    for (const call of this.#running) call.abort(new ScoringError('NETWORK', 'the node is being stopped'));
  }
}

const close = (model: OpenedModel): Promise<void> =>
  model.close().then(
    () => undefined,
    () => undefined,
  );

const served = (answer: unknown): void => {
  if (answer === false) throw new ScoringError('NETWORK', 'the model is not served');
};

const signatureOf = ({ input, output }: ModelColumns): Parameters<Definition['open']>[1] => {
  const told = ({ name, type }: ModelColumn): { name: string; type: string } => ({ name, type: typeText(type) });
  return { inputs: input.map(told), outputs: output.map(told) };
};

/** A row as an object by the names of the columns, with the values that users' functions get. */
function rowGiver(input: readonly ModelColumn[]): (row: Row) => object {
  const columns = input.map(({ name, type }, i) => ({ name, i, convert: givenAs(type) }));
  return (row) => {
    const given: Record<string, unknown> = {};
    for (const { name, i, convert } of columns) {
      const value = row[i]!;
      given[name] = value === null || convert === undefined ? value : convert(value);
    }
    return given;
  };
}

/** The answers of a call, if they are of its rows. */
function answersOf(answer: unknown, rows: number): readonly unknown[] {
  const isTyped = ArrayBuffer.isView(answer) && !(answer instanceof DataView);
  if (!Array.isArray(answer) && !isTyped) throw new TypeError('scoreBatch gave no list of answers');
  const answers = Array.from(answer as ArrayLike<unknown>);
  if (answers.length !== rows) throw new TypeError(`scoreBatch gave ${answers.length} answers for ${rows} rows`);
  return answers;
}

/** Reads an output that the code gave. Like a server's, it is no NULL. */
function outputReader({ name, type }: ModelColumn): (value: unknown) => Value {
  const take = takenAs(type);
  return (value) => {
    let taken: Value;
    try {
      taken = take(value);
    } catch (error) {
      throw new ScoringError('BAD_RESPONSE', `output ${name}: ${(error as Error).message}`);
    }
    if (hasNullWithin([taken])) throw new ScoringError('BAD_RESPONSE', `output ${name} is null, or has a null in it`);
    return taken;
  };
}
