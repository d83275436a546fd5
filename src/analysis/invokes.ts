import { SqlError } from '../diagnostics/sql-error.ts';
import type { Span } from '../diagnostics/source.ts';
import type { ModelColumn, ModelObject } from '../types/model.ts';
import { column, isNull, type Expr } from '../expressions/node.ts';
import type { InvokeNode as InvokePlan, LogicalNode, PlanColumn } from '../plan/logical/node.ts';
import type { InvokeArgument, InvokeNode, Name } from '../syntax/expressions.ts';
import { implicitlyCastable } from '../types/casts.ts';
import { BIGINT, DOUBLE, sameType, STRING, struct, typeText, type SqlType } from '../types/sql-type.ts';
import { closest } from '../util/closest.ts';
import { cast } from './coerce.ts';
import type { SelectContext } from './context.ts';
import { Scope, type ScopeColumn } from './scope.ts';
import { Typer } from './typer.ts';
import type { ExpressionTyper } from './typing.ts';

/** Columns that every invocation gives beside the model's outputs, by name only. */
const hiddenOutputs: readonly ModelColumn[] = [
  { name: 'MODEL_VERSION', type: BIGINT },
  { name: 'MODEL_ERROR', type: STRING },
  { name: 'MODEL_LATENCY_MS', type: DOUBLE },
];

export interface PlannedInvokes {
  readonly plan: LogicalNode;
  /** The sources of the query and one for each INVOKE clause. */
  readonly scope: Scope;
  readonly hook: (node: InvokeNode, typer: ExpressionTyper) => Expr;
  /** Adds the invocations that expressions asked for since. */
  readonly take: (plan: LogicalNode) => LogicalNode;
}

/** INVOKE MODEL clauses of FROM, and what expressions invoke: both become one kind of node, the same call once. */
export function planInvokes(context: SelectContext, input: LogicalNode): PlannedInvokes {
  let plan = input;
  let scope = context.scope;
  let count = 0;
  for (const clause of context.query.invokes) {
    const model = requireModel(context, clause.model);
    const prefix = `${clause.alias.text}_`;
    const outputs = [...model.output, ...hiddenOutputs].map(({ name, type }) => ({
      name: prefix + name,
      output: name,
      type,
    }));
    const typer = new Typer(scope, context.catalog.types, 'INVOKE MODEL');
    const onError = clause.properties.find(({ name }) => name === 'ON_ERROR')?.value;
    plan = invoke(
      plan,
      model,
      versionOf(model, clause.version, clause.span),
      bind(model, clause.args, typer, clause.span),
      outputs,
      clause.span,
      onError === undefined ? undefined : String(onError).toUpperCase(),
    );
    const columns = outputs.map(({ name, output, type }, i): ScopeColumn => ({
      name: output,
      internal: name,
      type,
      hidden: i >= model.output.length,
      isKey: false,
    }));
    scope = new Scope([...scope.sources, { alias: clause.alias.text, name: clause.alias.text, columns }]);
  }
  const pending: InvokePlan[] = [];
  const known = new Map<string, Expr>();
  const hook = (node: InvokeNode, typer: ExpressionTyper): Expr => {
    const model = requireModel(context, node.model);
    const version = versionOf(model, node.version, node.span);
    const args = bind(model, node.args, typer.with('an argument of INVOKE MODEL', {}), node.span);
    const key = JSON.stringify([model.name, version, args]);
    const before = known.get(key);
    if (before !== undefined) return before;
    const prefix = `KSQL_INVOKE_${count++}_`;
    const outputs = [...model.output, ...hiddenOutputs].map(({ name, type }) => ({
      name: prefix + name,
      output: name,
      type,
    }));
    // The node is made without its input here; `take` puts it over the plan as it is then.
    pending.push(invoke(plan, model, version, args, outputs, node.span, undefined));
    const columns = outputs.slice(0, model.output.length).map(({ name, type }) => column(name, type));
    const value: Expr =
      columns.length === 1
        ? columns[0]!
        : { kind: 'struct', fields: columns, type: struct(model.output.map(({ name, type }) => ({ name, type }))) };
    // `INVOKE MODEL m(…)->score` works for one output too.
    const result: Expr =
      columns.length === 1
        ? { kind: 'struct', fields: columns, type: struct(model.output.map(({ name, type }) => ({ name, type }))) }
        : value;
    known.set(key, result);
    return result;
  };
  const take = (onto: LogicalNode): LogicalNode => {
    let result = onto;
    for (const node of pending.splice(0))
      result = {
        ...node,
        input: result,
        columns: [...result.columns, ...addedColumns(node.outputs)],
        shape: result.shape,
        windowed: result.windowed,
      };
    return result;
  };
  return { plan, scope, hook, take };
}

const addedColumns = (outputs: InvokePlan['outputs']): PlanColumn[] =>
  outputs.map(({ name, type }) => ({ name, type, role: 'value' }));

function invoke(
  input: LogicalNode,
  model: ModelObject,
  version: number | undefined,
  args: readonly Expr[],
  outputs: InvokePlan['outputs'],
  span: Span,
  onError: string | undefined,
): InvokePlan {
  if (input.shape === 'TABLE') throw new SqlError('INVOKE_ON_TABLE', span, {});
  return {
    kind: 'invoke',
    input,
    model: model.name,
    version,
    args,
    onError,
    outputs,
    columns: [...input.columns, ...addedColumns(outputs)],
    shape: input.shape,
    windowed: input.windowed,
  };
}

function requireModel(context: SelectContext, name: Name): ModelObject {
  const found = context.catalog.models.get(name.text);
  if (found === undefined)
    throw new SqlError('MODEL_NOT_FOUND', name.span, {
      name: name.text,
      suggestion: closest(name.text, context.catalog.models.keys()),
    });
  return found;
}

function versionOf(model: ModelObject, version: string | undefined, span: Span): number | undefined {
  if (version === undefined || version === 'DEFAULT') return undefined;
  const versions = model.versions.map((each) => each.version);
  const wanted = version === 'LATEST' ? versions.at(-1)! : Number(version);
  if (!versions.includes(wanted))
    throw new SqlError('MODEL_VERSION_NOT_FOUND', span, { model: model.name, version, versions: versions.join(', ') });
  return wanted;
}

/** Arguments in the order of the model's inputs: by position, by `AS input`, or by column name for `(*)`. */
function bind(
  model: ModelObject,
  args: readonly InvokeArgument[] | undefined,
  typer: ExpressionTyper,
  span: Span,
): Expr[] {
  const refuse = (why: string, at: Span = span): never => {
    throw new SqlError('MODEL_ARGUMENTS', at, { model: model.name, why });
  };
  const given: { expr: Expr; span: Span }[] = [];
  if (args === undefined) {
    for (const input of model.input)
      given.push({
        expr: typer.type({ kind: 'column', qualifier: undefined, name: { text: input.name, span }, span }),
        span,
      });
  } else if (args.some(({ input }) => input !== undefined)) {
    for (const input of model.input) {
      const found = args.find((arg) => arg.input?.text === input.name) ?? refuse(`input ${input.name} is missing`);
      given.push({ expr: typer.type(found.expression), span: found.expression.span });
    }
  } else {
    if (args.length !== model.input.length)
      refuse(
        `it takes ${model.input.length} arguments (${model.input.map(({ name }) => name).join(', ')}), not ${args.length}`,
      );
    for (const { expression } of args) given.push({ expr: typer.type(expression), span: expression.span });
  }
  return given.map(({ expr, span: at }, i) => {
    const input = model.input[i]!;
    if (!isNull(expr) && !widens(expr.type, input.type))
      refuse(`input ${input.name} is ${typeText(input.type)}, not ${typeText(expr.type)}`, at);
    return cast(expr, input.type);
  });
}

function widens(from: SqlType, to: SqlType): boolean {
  return sameType(from, to) || implicitlyCastable(from, to) || (from.kind === 'TIMESTAMP' && to.kind === 'BIGINT');
}
