import type { BoundOver, BoundOverCall, BoundRanking } from '../../bound/query.ts';
import { areColumns, keysOf, type Rows } from '../../bound/rows.ts';
import { SqlError } from '../../diagnostics/sql-error.ts';
import type { BoundExpr } from '../../expressions/node.ts';
import { sameExpr, sameExprs } from '../../expressions/same.ts';
import type { CallNode } from '../../syntax/expressions.ts';
import type { SelectContext } from '../context.ts';
import type { ExpressionTyper } from '../typing.ts';
import { bindCall } from './call.ts';
import { frameOf } from './frame.ts';
import { Grace } from './grace.ts';
import { placeOf, refuseRank } from './ranking.ts';
import { bindOrder, bindPartition, specOf } from './spec.ts';

interface Group extends Pick<BoundOver, 'partitionBy' | 'orderBy'> {
  readonly calls: BoundOverCall[];
}

/** Binds the OVER calls of a SELECT list; calls with the same PARTITION BY and ORDER BY share one ordered buffer of events. */
export class OverBinder {
  readonly #context: SelectContext;
  readonly #rows: Rows;
  readonly #ranking: BoundRanking | undefined;
  readonly #groups: Group[] = [];
  readonly #grace = new Grace();
  #count = 0;

  /** `ranking`: where the rows are ranked calls are columns of that. */
  constructor(context: SelectContext, rows: Rows, ranking?: BoundRanking) {
    this.#context = context;
    this.#rows = rows;
    this.#ranking = ranking;
  }

  call(node: CallNode, typer: ExpressionTyper): BoundExpr {
    const { query, ids } = this.#context;
    if (this.#ranking !== undefined) return placeOf(node, this.#ranking);
    if (this.#rows.shape === 'TABLE')
      throw new SqlError('OVER_INVALID', node.span, {
        why: 'window functions need a stream, whose rows stay as they are',
        hint: 'Read the stream that the table is made of.',
      });
    const spec = specOf(node.over!, query);
    const inner = typer.with('OVER', {});
    const group = this.#groupOf(bindPartition(spec, inner), bindOrder(spec, inner));
    this.#grace.add(spec);
    refuseRank(node);
    const bound = bindCall(node, spec, frameOf(spec), typer);
    const { type } = bound;
    const call = { ...bound, id: ids.next(), name: `KSQL_OVER_${this.#count++}` };
    group.calls.push(call);
    return { kind: 'column', id: call.id, name: call.name, type };
  }

  /** The bound calls, grouped by PARTITION BY and ORDER BY. */
  take(): readonly BoundOver[] {
    const final = this.#context.query.emit === 'FINAL';
    return this.#groups.map((group) => ({ ...group, aggregates: 'standard', graceMs: this.#grace.ms, final }));
  }

  /** Whether a PARTITION BY differs from the key: rows are then repartitioned, and the result need not have the key. */
  get movesRows(): boolean {
    const keys = keysOf(this.#rows.columns);
    return this.#groups.some(({ partitionBy }) => !areColumns(partitionBy, keys));
  }

  #groupOf(partitionBy: readonly BoundExpr[], orderBy: BoundExpr): Group {
    const known = this.#groups.find(
      (group) => sameExprs(group.partitionBy, partitionBy) && sameExpr(group.orderBy, orderBy),
    );
    if (known !== undefined) return known;
    const group: Group = { partitionBy, orderBy, calls: [] };
    this.#groups.push(group);
    return group;
  }
}
