import { SqlError } from '../diagnostics/sql-error.ts';
import type { BoundOver, BoundOverCall } from '../bound/query.ts';
import type { Rows } from '../bound/rows.ts';
import { argumentType } from '../expressions/compile.ts';
import { type BoundExpr } from '../expressions/node.ts';
import { sameExpr, sameExprs } from '../expressions/same.ts';
import type { OverFrame } from '../specs/window.ts';
import { findOverFunction } from '../functions/over/index.ts';
import { findAggregate } from '../functions/registry.ts';
import { suggestedFunction } from '../functions/other-names.ts';
import type { CallNode, OverNode as OverSyntax } from '../syntax/expressions.ts';
import { closest } from '../util/closest.ts';
import { convertArguments, resolveCall, resultType } from './calls.ts';
import type { SelectContext } from './context.ts';
import type { ExpressionTyper } from './typing.ts';
import { unitLengthMs } from './units.ts';

interface Group extends BoundOver {
  readonly calls: BoundOverCall[];
}

/** Collects the OVER calls of a SELECT list; calls with the same PARTITION BY and ORDER BY share one ordered buffer of events. */
export class OverBinder {
  readonly #context: SelectContext;
  readonly #shape: Rows['shape'];
  readonly #groups: Group[] = [];
  #count = 0;

  constructor(context: SelectContext, { shape }: Rows) {
    this.#context = context;
    this.#shape = shape;
  }

  call(node: CallNode, typer: ExpressionTyper): BoundExpr {
    const spec = this.#spec(node);
    const refuse = (why: string): never => {
      throw new SqlError('OVER_INVALID', spec.span, { why });
    };
    if (spec.partitionBy.length === 0) refuse('PARTITION BY is needed');
    if (spec.orderBy.length !== 1 || spec.orderBy[0]!.descending)
      refuse('ORDER BY one ascending time column is needed');
    const inner = typer.with('OVER', {});
    const partitionBy = spec.partitionBy.map((key) => inner.type(key));
    const orderBy = inner.type(spec.orderBy[0]!.expression);
    if (orderBy.type.kind !== 'BIGINT' && orderBy.type.kind !== 'TIMESTAMP')
      refuse(`ORDER BY must be a BIGINT or TIMESTAMP of milliseconds, not ${orderBy.type.kind}`);
    const args = node.args.map((arg) => typer.with('an argument of OVER', {}).type(arg));
    const call = this.#resolve(node, args, `KSQL_OVER_${this.#count++}`, frameOf(spec, refuse));
    this.#groupOf(partitionBy, orderBy).calls.push(call);
    const { id, name, type } = call;
    return { kind: 'column', id, name, type };
  }

  /** The calls, by what they share. */
  take(): readonly BoundOver[] {
    if (this.#groups.length > 0 && this.#shape === 'TABLE')
      throw new SqlError('OVER_INVALID', this.#context.query.span, { why: 'window functions need a stream' });
    return this.#groups;
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

  #spec(node: CallNode): OverSyntax {
    const { over } = node;
    if (over !== undefined && 'kind' in over) return over;
    const found = this.#context.query.namedWindows.find(({ name }) => name.text === over!.text);
    if (found === undefined) {
      const known = this.#context.query.namedWindows.map(({ name }) => name.text);
      const near = closest(over!.text, known);
      throw new SqlError('OVER_INVALID', over!.span, {
        why: `window "${over!.text}" is not defined${near === undefined ? '' : `; did you mean ${near}?`}`,
      });
    }
    return found.over;
  }

  #resolve(node: CallNode, args: BoundExpr[], name: string, frame: OverFrame): BoundOverCall {
    const id = this.#context.ids.next();
    const fn = node.name.text;
    const only = findOverFunction(fn);
    if (only !== undefined) {
      const rows = args[1];
      const isWrong =
        args.length < 1 ||
        args.length > (only.takesRows ? 2 : 1) ||
        (rows !== undefined && (rows.kind !== 'literal' || !Number.isInteger(rows.value)));
      if (isWrong) throw new SqlError('OVER_INVALID', node.span, { why: `${fn} takes ${only.takes}` });
      return { id, name, fn, args, type: args[0]!.type, frame };
    }
    const found = findAggregate(fn);
    if (found === undefined)
      throw new SqlError('FUNCTION_NOT_FOUND', node.name.span, { name: fn, suggestion: suggestedFunction(fn) });
    const resolution = resolveCall(node, found, args.map(argumentType));
    return { id, name, fn, args: convertArguments(args, resolution), type: resultType(resolution, args), frame };
  }
}

function frameOf(spec: OverSyntax, refuse: (why: string) => never): OverFrame {
  const { frame, maxSize } = spec;
  if (frame === undefined) return { rangeMs: undefined, rows: undefined, maxSize };
  if (frame.end.kind !== 'current') return refuse('the frame must end at CURRENT ROW');
  if (frame.start.kind === 'unbounded') return { rangeMs: undefined, rows: undefined, maxSize };
  if (frame.start.kind === 'current')
    return frame.unit === 'ROWS' ? { rangeMs: undefined, rows: 0, maxSize } : { rangeMs: 0, rows: undefined, maxSize };
  if (frame.unit === 'ROWS') {
    if (frame.start.unit !== undefined) return refuse('ROWS counts rows, not time');
    return { rangeMs: undefined, rows: frame.start.amount, maxSize };
  }
  if (frame.start.unit === undefined) return { rangeMs: frame.start.amount, rows: undefined, maxSize };
  return { rangeMs: frame.start.amount * unitLengthMs(frame.start.unit), rows: undefined, maxSize };
}
