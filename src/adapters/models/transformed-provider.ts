import { modelOptions } from '../../config/model-options.ts';
import { fileName } from '../../extensions/provider-options.ts';
import { findTransform, transformNames, type UserTransform } from '../../extensions/transforms.ts';
import type { ModelColumn, ModelVersion } from '../../types/model.ts';
import { typeText, type Row } from '../../types/sql-type.ts';
import { sameData } from '../../util/same-data.ts';
import { hasNaN, hasNullWithin } from './nulls.ts';
import { ScoringError, type ModelColumns, type Provider, type ProviderModel, type RowAnswer } from './provider.ts';

type Side = 'PREPROCESS' | 'POSTPROCESS';

/** A transform that cannot stand where a model's options name it. */
class TransformRefused extends TypeError {
  override readonly name = 'TransformRefused';
  readonly hint: string;
  constructor(message: string, hint: string) {
    super(message);
    this.hint = hint;
  }
}

/** The provider with what PREPROCESS and POSTPROCESS of a version put before and behind its models. */
export function transformed(inner: Provider, { options }: ModelVersion): Provider {
  const before = modelOptions.read('PREPROCESS', options);
  const behind = modelOptions.read('POSTPROCESS', options);
  if (before === undefined && behind === undefined) return inner;
  return {
    // Nulls go to the transform.
    takesNull: inner.takesNull || before !== undefined,
    isByRow: (version) => inner.isByRow(version),
    check: (version, declared) => inner.check(version, joined(before, behind, declared).inner),
    load: async (version, declared) => {
      const parts = joined(before, behind, declared);
      const model = await inner.load(version, parts.inner);
      return withTransforms(model, parts, inner.takesNull);
    },
    close: () => inner.close(),
  };
}

interface Joined {
  readonly pre: Joint | undefined;
  readonly post: Joint | undefined;
  /** The columns of the statement; those that it does not declare are the transform's. */
  readonly outer: ModelColumns;
  /** The columns that the provider's model has. */
  readonly inner: ModelColumns;
}
/** A transform, and for each column of one side of it the place of that column on the other. */
interface Joint {
  readonly transform: UserTransform;
  readonly places: readonly number[];
}

function joined(before: string | undefined, behind: string | undefined, { input, output }: ModelColumns): Joined {
  const pre = before === undefined ? undefined : found('PREPROCESS', before);
  const post = behind === undefined ? undefined : found('POSTPROCESS', behind);
  const outer = {
    input: pre !== undefined && input.length === 0 ? asColumns(pre.inputs) : input,
    output: post !== undefined && output.length === 0 ? asColumns(post.outputs) : output,
  };
  return {
    pre: pre && { transform: pre, places: placesIn(outer.input, pre.inputs, `PREPROCESS: ${pre.name} takes`, 'INPUT') },
    post: post && {
      transform: post,
      places: placesIn(post.outputs, outer.output, `POSTPROCESS: ${post.name} gives`, 'OUTPUT'),
    },
    outer,
    inner: { input: pre?.outputs ?? outer.input, output: post?.inputs ?? outer.output },
  };
}

function found(side: Side, name: string): UserTransform {
  const transform = findTransform(name);
  if (transform !== undefined) return transform;
  const others = transformNames();
  throw new TransformRefused(
    `${side}: no module of the extension folder (ksql.extension.dir) defines the transform ${name}`,
    others.length === 0 ? 'None is defined.' : `There are ${others.join(', ')}.`,
  );
}

const asColumns = (columns: readonly ModelColumn[]): ModelColumn[] =>
  columns.map(({ name, type }) => ({ name: name.toUpperCase(), type }));

/** The places in `from` of the columns of `to`, which must have the same names, in any case, and types. */
function placesIn(from: readonly ModelColumn[], to: readonly ModelColumn[], what: string, clause: string): number[] {
  const isPre = clause === 'INPUT';
  const [own, declared] = isPre ? [to, from] : [from, to];
  const places = to.map(({ name, type }) =>
    from.findIndex((column) => column.name.toUpperCase() === name.toUpperCase() && sameData(column.type, type)),
  );
  if (from.length !== to.length || places.includes(-1) || new Set(places).size < places.length)
    throw new TransformRefused(
      `${what} ${listed(own)}, and ${clause} declares ${listed(declared)}`,
      `Declare ${clause} so, or leave it out.`,
    );
  return places;
}

const listed = (columns: readonly ModelColumn[]): string =>
  columns.map(({ name, type }) => `${name} ${typeText(type)}`).join(', ');

function withTransforms(model: ProviderModel, { pre, post, outer }: Joined, takesNull: boolean): ProviderModel {
  const before = pre && preparing(pre, takesNull);
  const behind = post && finishing(post);
  return {
    ...model,
    input: pre === undefined ? model.input : outer.input,
    output: post === undefined ? model.output : outer.output,
    takes: post === undefined ? model.takes : undefined,
    withoutNaN:
      pre === undefined ? model.withoutNaN : outer.input.filter(({ type }) => !hasNaN(type)).map(({ name }) => name),
    score: async (rows, signal) => {
      const prepared: readonly RowAnswer[] = before === undefined ? rows : before(rows);
      const whole = prepared.filter(isWhole);
      const scored = whole.length === 0 ? [] : await model.score(whole, signal);
      const finished = behind === undefined ? scored : behind(scored);
      let next = 0;
      return prepared.map((row) => (isWhole(row) ? finished[next++]! : row));
    },
  };
}

const isWhole = (row: RowAnswer): row is Row => !(row instanceof ScoringError);
const failed = (
  failure: 'INVALID_INPUT' | 'BAD_RESPONSE',
  side: Side,
  { transform }: Joint,
  why: string,
): ScoringError => new ScoringError(failure, `${side} ${transform.name} of ${fileName(transform.path)}: ${why}`);

/** Makes the model's inputs. A row that has none is not what the model fails at. */
function preparing(joint: Joint, takesNull: boolean): (rows: readonly Row[]) => RowAnswer[] {
  const { transform, places } = joint;
  return (rows) =>
    transform.apply(rows.map((row) => places.map((place) => row[place]!))).map((made) => {
      if (made instanceof Error) return failed('INVALID_INPUT', 'PREPROCESS', joint, made.message);
      return takesNull || !hasNullWithin(made)
        ? made
        : failed('INVALID_INPUT', 'PREPROCESS', joint, `${nullName(transform, made)} is null`);
    });
}

/** Makes the OUTPUT columns of what the model answered. Like an answer, they have no null. */
function finishing(joint: Joint): (answers: readonly RowAnswer[]) => RowAnswer[] {
  const { transform, places } = joint;
  return (answers) => {
    const made = transform.apply(answers.filter(isWhole));
    let next = 0;
    return answers.map((answer) => {
      if (!isWhole(answer)) return answer;
      const own = made[next++]!;
      if (own instanceof Error) return failed('BAD_RESPONSE', 'POSTPROCESS', joint, own.message);
      return hasNullWithin(own)
        ? failed('BAD_RESPONSE', 'POSTPROCESS', joint, `${nullName(transform, own)} is null`)
        : places.map((place) => own[place]!);
    });
  };
}

const nullName = ({ outputs }: UserTransform, made: Row): string =>
  outputs.find((_, i) => hasNullWithin([made[i]!]))!.name;
