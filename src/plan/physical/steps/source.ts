import type { Expr } from '../../../expressions/node.ts';
import type { NearestSpec } from '../../../specs/nearest.ts';
import type { SourceSpec } from '../../../specs/source.ts';
import type { ReadPart } from '../../../types/read-part.ts';
import type { StepBase } from './base.ts';
import { noFunctions, type Replaceable, type StepFacts } from './facts.ts';

/** Reads a topic; decodes only the columns that the plan uses. */
export interface SourceStep extends StepBase {
  readonly op: 'streamSource' | 'tableSource';
  readonly source: SourceSpec;
  readonly reads: readonly string[];
  /** For a stream: what is read of each column, where some are read in part. What is not read is null. */
  readonly parts?: readonly ReadPart[];
  /** For a stream: rows that do not satisfy it are dropped before they are decoded completely. */
  readonly where?: Expr;
  /** Of a stream whose key nobody reads, above it or for its time: it may be null. */
  readonly keyUnread?: true;
  /** Of a pull query on a table: which of the rows that satisfy it are wanted. */
  readonly nearest?: NearestSpec;
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
