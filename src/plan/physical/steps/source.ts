import type { Expr } from '../../../expressions/node.ts';
import type { SourceSpec } from '../../../specs/source.ts';
import type { StepBase } from './base.ts';
import { noFunctions, type Replaceable, type StepFacts } from './facts.ts';

/** A topic decoded into the columns that the plan uses. */
export interface SourceStep extends StepBase {
  readonly op: 'streamSource' | 'tableSource';
  readonly source: SourceSpec;
  readonly reads: readonly string[];
  /** Of a stream: only rows that satisfy it are decoded whole and given. */
  readonly where?: Expr;
}

const sameSource: Replaceable<SourceStep> = {
  same: ({ source }) => [source.name, source.topic, source.window ?? null],
};

export const streamSource = {
  version: 1,
  inputs: [],
  state: 'none',
  replace: sameSource,
  placement: 'topic',
  ownsRows: true,
  rerunnable: false,
  anyOrder: true,
  conflates: false,
  before: 'never',
  expressions: ({ where }) => (where === undefined ? [] : [where]),
  functions: noFunctions,
} satisfies StepFacts<SourceStep>;

export const tableSource = {
  version: 1,
  inputs: [],
  state: { kind: 'keyed', parts: [''], layout: 1 },
  replace: sameSource,
  placement: 'topic',
  ownsRows: false,
  rerunnable: false,
  anyOrder: false,
  conflates: false,
  before: 'always',
  expressions: ({ where }) => (where === undefined ? [] : [where]),
  functions: noFunctions,
} satisfies StepFacts<SourceStep>;
