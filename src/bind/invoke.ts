import { SqlError } from '../diagnostics/sql-error.ts';
import type { Span } from '../diagnostics/source.ts';
import type { ModelColumn, ModelObject } from '../types/model.ts';
import type { BoundInvoke, BoundModelOutput } from '../bound/query.ts';
import { reference, type Rows } from '../bound/rows.ts';
import { isNull, type BoundExpr } from '../expressions/node.ts';
import { sameExprs } from '../expressions/same.ts';
import type { InvokeArgument, InvokeNode, Name } from '../syntax/expressions.ts';
import type { InvokeClause } from '../syntax/query.ts';
import { implicitlyCastable } from '../types/casts.ts';
import { BIGINT, DOUBLE, sameType, STRING, struct, typeText, type SqlType } from '../types/sql-type.ts';
import { invokeOptions } from '../config/model-options.ts';
import { closest } from '../util/closest.ts';
import { cast } from './coerce.ts';
import type { SelectContext } from './context.ts';
import { Properties } from './properties.ts';
import type { Scope } from './scope.ts';
import { Typer } from './typer.ts';
import type { ExpressionTyper } from './typing.ts';

/** Columns that every invocation gives beside the model's outputs, by name only. */
const hiddenOutputs: readonly ModelColumn[] = [
  { name: 'MODEL_VERSION', type: BIGINT },
  { name: 'MODEL_ERROR', type: STRING },
  { name: 'MODEL_LATENCY_MS', type: DOUBLE },
];

/** INVOKE MODEL clauses of FROM, and what expressions invoke: both become one kind of call, the same call once. */
export class InvokeBinder {
  readonly #context: SelectContext;
  readonly #shape: Rows['shape'];
  readonly #expressions: { readonly invoke: BoundInvoke; readonly result: BoundExpr }[] = [];
  readonly #pending: BoundInvoke[] = [];
  /** The sources of the query and one for each INVOKE clause. */
  scope: Scope;

  constructor(context: SelectContext, { shape }: Rows) {
    this.#context = context;
    this.#shape = shape;
    this.scope = context.scope;
    for (const clause of context.query.invokes) this.#addClause(clause);
  }

  /** The invocations that were asked for since the last call. */
  take(): readonly BoundInvoke[] {
    return this.#pending.splice(0);
  }

  #addClause(clause: InvokeClause): void {
    const model = requireModel(this.#context, clause.model);
    const alias = clause.alias.text;
    const outputs = this.#outputs(model, alias);
    const typer = new Typer(this.scope, this.#context.catalog.types, 'INVOKE MODEL');
    const onError = new Properties(clause.properties, invokeOptions, clause.span).read('ON_ERROR');
    const version = versionOf(model, clause.version, clause.span);
    const args = bindArguments(model, clause.args, typer, clause.span);
    this.#refuseTable(clause.span);
    this.#pending.push({
      model: model.name,
      version,
      args,
      outputs,
      onError,
    });
    const columns = outputs.map((output, i) => ({
      column: reference(output),
      hidden: i >= model.output.length,
      isKey: false,
    }));
    this.scope = this.scope.withSource({ alias, name: alias, columns });
  }

  /** INVOKE MODEL as an expression: a struct of the model's outputs. */
  readonly expression = (node: InvokeNode, typer: ExpressionTyper): BoundExpr => {
    const model = requireModel(this.#context, node.model);
    const version = versionOf(model, node.version, node.span);
    const args = bindArguments(model, node.args, typer.with('an argument of INVOKE MODEL', {}), node.span);
    const known = this.#expressions.find(
      ({ invoke }) => invoke.model === model.name && invoke.version === version && sameExprs(invoke.args, args),
    );
    if (known !== undefined) return known.result;
    const invoke: BoundInvoke = { model: model.name, version, args, outputs: this.#outputs(model), onError: undefined };
    this.#refuseTable(node.span);
    this.#pending.push(invoke);
    const result: BoundExpr = {
      kind: 'struct',
      fields: invoke.outputs.slice(0, model.output.length).map(reference),
      type: struct(model.output.map(({ name, type }) => ({ name, type }))),
    };
    this.#expressions.push({ invoke, result });
    return result;
  };

  #outputs(model: ModelObject, alias?: string): BoundModelOutput[] {
    const source = alias === undefined ? {} : { source: alias };
    return [...model.output, ...hiddenOutputs].map(({ name, type }) => ({
      id: this.#context.ids.next(),
      name,
      ...source,
      type,
    }));
  }

  #refuseTable(span: Span): void {
    if (this.#shape === 'TABLE') throw new SqlError('INVOKE_ON_TABLE', span, {});
  }
}

function requireModel({ catalog }: SelectContext, name: Name): ModelObject {
  const found = catalog.models.get(name.text);
  if (found === undefined)
    throw new SqlError('MODEL_NOT_FOUND', name.span, {
      name: name.text,
      suggestion: closest(name.text, catalog.models.keys()),
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
function bindArguments(
  model: ModelObject,
  args: readonly InvokeArgument[] | undefined,
  typer: ExpressionTyper,
  span: Span,
): BoundExpr[] {
  const refuse = (why: string, at: Span = span): never => {
    throw new SqlError('MODEL_ARGUMENTS', at, { model: model.name, why });
  };
  const given: { expr: BoundExpr; span: Span }[] = [];
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
