import type { Expr } from '../../../expressions/node.ts';
import type { SqlType } from '../../../types/sql-type.ts';
import type { StepBase } from './base.ts';
import { noFunctions, type StepFacts } from './facts.ts';

/** Scores rows by a model; its outputs are appended as columns. */
export interface InvokeStep<Input> extends StepBase<4> {
  readonly op: 'invoke';
  readonly input: Input;
  readonly model: string;
  /** A number, or an alias whose version is looked up at each call; undefined for what the model's route chooses. */
  readonly version: number | string | undefined;
  readonly args: readonly Expr[];
  /** The texts by which the route chooses; none in a plan from before there were routes, whose rows go to the default version. */
  readonly routeBy: readonly Expr[];
  /** Options of this call, before those of the model. */
  readonly options: Readonly<Record<string, string>>;
  /** The model's outputs, then what is told of the call: version, error, latency and whether the outputs are DEFAULT_VALUE's. */
  readonly outputs: readonly { readonly output: string; readonly type: SqlType }[];
  /** How many of the outputs tell of the call: in a plan of before the first three. */
  readonly told: number;
}

export const invoke = {
  version: 4,
  inputs: ['input'],
  state: 'none',
  replace: 'free',
  placement: 'input',
  ownsRows: true,
  rerunnable: false,
  anyOrder: false,
  conflates: false,
  before: 'asInput',
  expressions: ({ args, routeBy }) => [...args, ...routeBy],
  functions: noFunctions,
} satisfies StepFacts<InvokeStep<StepBase<number>>>;

/** The step that does the same in order. */
export const orderedInvoke = <Input>(step: Omit<InvokeStep<Input>, 'op' | 'v'>): InvokeStep<Input> => ({
  ...step,
  op: 'invoke',
  v: 4,
});

/** A step of version 2, whose only option was ON_ERROR. */
type Version2<Input> = Omit<InvokeStep<Input>, 'v' | 'options' | 'told'> & { readonly onError?: string };

/** Converts a step of version 3, which did not tell whether DEFAULT_VALUE was used. */
export const invokeOfVersion3 = <Input>(stored: unknown): InvokeStep<Input> => ({
  ...(stored as Omit<InvokeStep<Input>, 'v' | 'told'>),
  v: 4,
  told: 3,
});

/** Converts a step of version 2. */
export function invokeOfVersion2<Input>(stored: unknown): InvokeStep<Input> {
  const { onError, ...rest } = stored as Version2<Input>;
  return invokeOfVersion3({ ...rest, options: onError === undefined ? {} : { ON_ERROR: onError } });
}

/** Converts a step of version 1, from before there were routes. */
export const invokeOfVersion1 = <Input>(stored: unknown): InvokeStep<Input> =>
  invokeOfVersion2({ ...(stored as object), routeBy: [] });
