import type { Expr } from '../../../expressions/node.ts';
import type { RankKind } from '../../../types/rank-kind.ts';
import type { SortOrder } from '../../../types/compare.ts';
import type { StepBase } from './base.ts';
import { noFunctions, type StepFacts } from './facts.ts';

export interface RankOrder extends SortOrder {
  readonly expr: Expr;
}

/**
 * The first `limit` rows of each partition, numbered from 1: a table by partition and number. `rest` lists the input's slots of the columns behind the number;
 * `places` are the columns behind those.
 */
export interface RankStep<Input> extends StepBase {
  readonly op: 'rank';
  readonly input: Input;
  readonly orderBy: readonly RankOrder[];
  /** What tells a table's rows apart; undefined for a stream, whose rows stay. */
  readonly identity: readonly Expr[] | undefined;
  readonly rest: readonly number[];
  readonly places?: readonly Exclude<RankKind, 'place'>[];
  readonly limit: number;
  /** STATE_TTL: how long a partition of a stream is kept that has no new row; absent: for ever. */
  readonly ttlMs?: number;
}

export const rank = {
  version: 1,
  inputs: ['input'],
  state: { kind: 'keyed', parts: ['', 'rest', 'touched'], layout: 1 },
  replace: { never: 'a ranking' },
  // The number is part of the key, and a partition's rows are on one node.
  placement: 'none',
  ownsRows: false,
  rerunnable: false,
  anyOrder: false,
  conflates: true,
  before: 'always',
  expressions: ({ orderBy, identity }) => [...orderBy.map(({ expr }) => expr), ...(identity ?? [])],
  functions: noFunctions,
} satisfies StepFacts<RankStep<StepBase<number>>>;
