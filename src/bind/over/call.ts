import type { BoundOverCall } from '../../bound/query.ts';
import { SqlError } from '../../diagnostics/sql-error.ts';
import { argumentType } from '../../expressions/compile.ts';
import { sampleAggregator } from '../../functions/abilities.ts';
import { suggestedFunction } from '../../functions/other-names.ts';
import { findOverFunction } from '../../functions/over/index.ts';
import { findAggregate } from '../../functions/registry.ts';
import type { OverFrame } from '../../specs/window.ts';
import type { CallNode, OverNode } from '../../syntax/expressions.ts';
import { printExpression } from '../../syntax/print.ts';
import { convertArguments, resolveCall, resultType } from '../calls.ts';
import { checkConstantArguments } from '../checks/constant-arguments.ts';
import { withConstantTexts } from '../checks/constant-texts.ts';
import type { ExpressionTyper } from '../typing.ts';
import { checkTiledCall } from './tile.ts';
import { bindWindowFunction } from './window-function.ts';

type Call = Omit<BoundOverCall, 'id' | 'name'>;

/** Binds a call with OVER: of an aggregate, or of a function that exists only with OVER. */
export function bindCall(node: CallNode, spec: OverNode, frame: OverFrame, typer: ExpressionTyper): Call {
  const only = findOverFunction(node.name.text);
  if (only !== undefined) return bindWindowFunction(node, only, spec, frame, typer);
  const { needsRows, isMerged, judgesLast, ...call } = bindAggregate(node, typer);
  checkTiledCall(node, spec, !needsRows, isMerged);
  if (!judgesLast) return { ...call, frame, ignoreNulls: false };
  checkEndsWithRow(node, spec, frame);
  return { ...call, frame: { ...frame, endsWithRow: true }, ignoreNulls: false };
}

/** What is about the current row needs that row last in its frame. */
function checkEndsWithRow({ name, args, filter }: CallNode, { exclude, frame }: OverNode, { end }: OverFrame): void {
  const refuse = (span: CallNode['span'], why: string, hint: string): never => {
    throw new SqlError('CALL_INVALID', span, { why: `${name.text} is about the current row, ${why}`, hint });
  };
  if (end !== 0) refuse(frame!.end.span, 'and this frame ends before it', 'End it at CURRENT ROW.');
  if (exclude !== undefined && exclude.value !== 'NO OTHERS')
    refuse(
      exclude.span,
      'which it sets against the rows before it',
      'Leave EXCLUDE out: the row itself is not among what it is set against.',
    );
  if (filter !== undefined)
    refuse(
      filter.span,
      'whatever FILTER chooses',
      `Write ${name.text}(CASE WHEN ${printExpression(filter)} THEN ${printExpression(args[0]!)} END, …): it passes over nulls.`,
    );
}

/** A call of an aggregate of the standard set, and what decides how it can be computed. */
interface AggregateCall extends Pick<Call, 'fn' | 'args' | 'type' | 'filter'> {
  readonly needsRows: boolean;
  readonly isMerged: boolean;
  readonly judgesLast: boolean;
}

/** Binds a call of an aggregate over rows that are ordered: of a frame, or of a match. */
export function bindAggregate(node: CallNode, typer: ExpressionTyper): AggregateCall {
  const fn = findAggregate(node.name.text);
  if (fn === undefined)
    throw new SqlError('FUNCTION_NOT_FOUND', node.name.span, {
      name: node.name.text,
      suggestion: suggestedFunction(node.name.text),
    });
  if (node.ignoreNulls !== undefined)
    throw new SqlError('CALL_INVALID', node.ignoreNulls.span, {
      why: `${fn.name} is an aggregate, which passes over nulls or takes them by what it is`,
      hint: `Write FILTER (WHERE ${node.args[0] === undefined ? '…' : printExpression(node.args[0])} IS NOT NULL).`,
    });
  const inner = typer.with('an argument of OVER', {});
  const written = node.args.map((arg) => inner.type(arg));
  const resolution = resolveCall(node, { name: fn.name, overloads: fn.standard }, written.map(argumentType));
  const args = withConstantTexts(node, resolution, written);
  checkConstantArguments(node, fn, resolution, args);
  const sample = sampleAggregator(resolution.overload, args);
  return {
    fn: fn.name,
    args: convertArguments(args, resolution),
    type: resultType(resolution, args),
    filter: node.filter && typer.with('FILTER (WHERE …)', {}).boolean(node.filter, 'FILTER (WHERE …)'),
    needsRows: fn.needsRows === true,
    isMerged: sample.merge !== undefined,
    judgesLast: sample.judgesLast === true,
  };
}
