import type { Expr } from '../../expressions/node.ts';
import type { FormatSpec, KeyWindow, SourceSpec } from '../formats.ts';
import type { AggregateCall, JoinWindow, NamedExpr, OverCall, PlanColumn } from '../logical/node.ts';
import type { WindowSpec } from '../window.ts';
import type { SqlType } from '../../types/sql-type.ts';

/** What every step gives: its columns in slot order, and whether its changes are appended rows or updates of a key. */
interface StepBase {
  readonly v: 1;
  /** Unique in its plan and stable between runs: state and internal topics are named by it. */
  readonly id: string;
  readonly columns: readonly PlanColumn[];
}

/** A topic decoded into the columns that the plan uses. */
export interface SourceStep extends StepBase {
  readonly op: 'streamSource' | 'tableSource';
  readonly source: SourceSpec;
  readonly reads: readonly string[];
  /** Of a stream: only rows that satisfy it are decoded whole and given. */
  readonly where?: Expr;
}
export interface FilterStep extends StepBase {
  readonly op: 'streamFilter' | 'tableFilter';
  readonly input: Step;
  readonly predicate: Expr;
  /** Of a table: a row that never was there leaves no tombstone. */
  readonly silent?: true;
}
export interface ProjectStep extends StepBase {
  readonly op: 'project';
  readonly input: Step;
  readonly exprs: readonly NamedExpr[];
}
export interface FlatMapStep extends StepBase {
  readonly op: 'flatMap';
  readonly input: Step;
  readonly functions: readonly { readonly fn: string; readonly args: readonly Expr[]; readonly type: SqlType }[];
}
/** A new key; rows then pass through a repartition topic unless only one partition is there. */
export interface RekeyStep extends StepBase {
  readonly op: 'streamRekey' | 'tableRekey';
  readonly input: Step;
  readonly keys: readonly Expr[];
  readonly dropNullKeys: boolean;
}
/** The cut between two sub-topologies: rows leave through an internal topic and come back on the partition of their key. */
export interface RepartitionStep extends StepBase {
  readonly op: 'repartition';
  readonly input: Step;
  readonly shape: 'STREAM' | 'TABLE';
  /** The topic whose rows these meet: they are placed as its own are, by the bytes of its keys and among as many partitions. */
  readonly like?: Placement | undefined;
}
export interface Placement {
  readonly topic: string;
  readonly keyFormat: FormatSpec;
  readonly keys: readonly Pick<PlanColumn, 'name' | 'type'>[];
}
export interface StreamAggregateStep extends StepBase {
  readonly op: 'streamAggregate';
  readonly input: Step;
  readonly keyCount: number;
  readonly aggregates: readonly AggregateCall[];
  /** Set where the next step needs to know what a row was before it changed. */
  readonly withBefore?: true;
}
export interface WindowedAggregateStep extends StepBase {
  readonly op: 'windowedAggregate' | 'sessionAggregate';
  readonly input: Step;
  readonly keyCount: number;
  readonly aggregates: readonly AggregateCall[];
  /** Set where the next step needs to know what a row was before it changed. */
  readonly withBefore?: true;
  readonly window: WindowSpec;
  /** EMIT FINAL: a window's row is sent once, when it closes. */
  readonly final: boolean;
}
export interface TableAggregateStep extends StepBase {
  readonly op: 'tableAggregate';
  readonly input: Step;
  readonly keyCount: number;
  readonly aggregates: readonly AggregateCall[];
  /** Set where the next step needs to know what a row was before it changed. */
  readonly withBefore?: true;
}
interface JoinBase extends StepBase {
  readonly left: Step;
  readonly right: Step;
  /** The names of the joined key columns. */
  readonly keys: readonly string[];
  /** The joined column behind each column, where a projection that only picks and renames was taken into the join. */
  readonly picks?: readonly PlanColumn[];
  /** What rows that meet must satisfy to be joined, over the columns of both sides. */
  readonly matches?: Expr;
}
export interface StreamStreamJoinStep extends JoinBase {
  readonly op: 'streamStreamJoin';
  readonly join: 'INNER' | 'LEFT' | 'RIGHT' | 'FULL';
  readonly within: JoinWindow;
}
export interface StreamTableJoinStep extends JoinBase {
  readonly op: 'streamTableJoin';
  readonly join: 'INNER' | 'LEFT';
}
export interface TableTableJoinStep extends JoinBase {
  readonly op: 'tableTableJoin';
  readonly join: 'INNER' | 'LEFT' | 'RIGHT' | 'FULL';
}
/** The rows of two streams with the same columns, in the order in which they came. */
export interface UnionStep extends StepBase {
  readonly op: 'union';
  readonly left: Step;
  readonly right: Step;
}
/** Sends each row of a table to where the row is that its foreign keys name. */
export interface ForeignKeySubscribeStep extends StepBase {
  readonly op: 'foreignKeySubscribe';
  readonly input: Step;
  readonly foreignKeys: readonly Expr[];
  readonly join: 'INNER' | 'LEFT';
}
/** Holds who named which row, and answers with joined rows, by the key of the left table. */
export interface ForeignKeyLookupStep extends StepBase {
  readonly op: 'foreignKeyLookup';
  readonly left: Step;
  readonly right: Step;
  readonly join: 'INNER' | 'LEFT';
  /** How many columns of the left table's key come first behind the foreign key. */
  readonly keyCount: number;
  /** What a row and the one that it names must satisfy to be joined, over the columns of the two tables. */
  readonly matches?: Expr;
  readonly leftColumns: readonly PlanColumn[];
}
/** Keeps the newest answer of each row, whichever way the answers came. */
export interface ForeignKeyResolveStep extends StepBase {
  readonly op: 'foreignKeyResolve';
  readonly input: Step;
  readonly keyCount: number;
}
export interface OverStep extends StepBase {
  readonly op: 'over';
  readonly input: Step;
  readonly partitionBy: readonly Expr[];
  readonly orderBy: Expr;
  readonly calls: readonly OverCall[];
}
export interface InvokeStep extends StepBase {
  readonly op: 'invoke';
  readonly input: Step;
  readonly model: string;
  readonly version: number | undefined;
  readonly args: readonly Expr[];
  readonly onError: string | undefined;
  readonly outputs: readonly { readonly output: string; readonly type: SqlType }[];
}

export type Step =
  | SourceStep
  | FilterStep
  | ProjectStep
  | FlatMapStep
  | RekeyStep
  | RepartitionStep
  | StreamAggregateStep
  | WindowedAggregateStep
  | TableAggregateStep
  | StreamStreamJoinStep
  | StreamTableJoinStep
  | TableTableJoinStep
  | UnionStep
  | ForeignKeySubscribeStep
  | ForeignKeyLookupStep
  | ForeignKeyResolveStep
  | OverStep
  | InvokeStep;
export type StepOp = Step['op'];

/** Where a persistent query writes. */
export interface SinkSpec {
  readonly topic: string;
  readonly keyFormat: FormatSpec;
  readonly valueFormat: FormatSpec;
  readonly window: KeyWindow | undefined;
  /** The result's column whose value becomes the record's timestamp, with its pattern when it is a STRING. */
  readonly timestamp: { readonly column: string; readonly format: string | undefined } | undefined;
  readonly partitions: number;
}

/** A whole query, plain JSON with a version: commands store it, so that an upgrade never changes a running query's state. */
export interface PhysicalPlan {
  readonly version: 1;
  readonly root: Step;
  readonly shape: 'STREAM' | 'TABLE';
  readonly windowed: WindowSpec['type'] | undefined;
  /** Undefined for a query whose rows go to a client. */
  readonly sink: SinkSpec | undefined;
  /** The names of the rules that rewrote the logical plan. */
  readonly rules: readonly string[];
  /** For a feature view: the columns whose newest row is kept for serving, and the column of the feature time. */
  readonly entityKey?: readonly string[] | undefined;
  readonly entityTime?: string | undefined;
}

export function stepInputs(step: Step): readonly Step[] {
  switch (step.op) {
    case 'streamSource':
    case 'tableSource':
      return [];
    case 'streamStreamJoin':
    case 'streamTableJoin':
    case 'tableTableJoin':
    case 'foreignKeyLookup':
    case 'union':
      return [step.left, step.right];
    default:
      return [step.input];
  }
}

/** Every step of a plan, inputs before what reads them. */
export function allSteps(step: Step): Step[] {
  return [...stepInputs(step).flatMap(allSteps), step];
}

/** Whether a query calls a model, and so may have rows that none can score. */
export const invokesModel = ({ root }: PhysicalPlan): boolean => allSteps(root).some(({ op }) => op === 'invoke');
