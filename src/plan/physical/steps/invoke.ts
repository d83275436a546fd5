import type { Expr } from '../../../expressions/node.ts';
import type { SqlType } from '../../../types/sql-type.ts';
import type { StepBase } from './base.ts';
import { noFunctions, type StepFacts } from './facts.ts';

/** Scores rows by a model; its outputs are appended as columns. */
export interface InvokeStep<Input> extends StepBase<3> {
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
  readonly outputs: readonly { readonly output: string; readonly type: SqlType }[];
}

export const invoke = {
  version: 3,
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

/** A step of version 2, whose only option was ON_ERROR. */
type Version2<Input> = Omit<InvokeStep<Input>, 'v' | 'options'> & { readonly onError?: string };

/** Converts a step of version 2. */
export function invokeOfVersion2<Input>(stored: unknown): InvokeStep<Input> {
  const { onError, ...rest } = stored as Version2<Input>;
  return { ...rest, v: 3, options: onError === undefined ? {} : { ON_ERROR: onError } };
}

/** Converts a step of version 1, from before there were routes. */
export const invokeOfVersion1 = <Input>(stored: unknown): InvokeStep<Input> =>
  invokeOfVersion2({ ...(stored as object), routeBy: [] });
