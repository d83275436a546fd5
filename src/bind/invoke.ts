import { SqlError } from '../diagnostics/sql-error.ts';
import type { Span } from '../diagnostics/source.ts';
import { toldOfCalls, type ModelObject } from '../types/model.ts';
import type { Catalog } from '../catalog/catalog.ts';
import type { BoundInvoke, BoundModelOutput } from '../bound/query.ts';
import { reference, type Rows } from '../bound/rows.ts';
import { isNull, type BoundColumn, type BoundExpr } from '../expressions/node.ts';
import { sameExprs } from '../expressions/same.ts';
import type { InvokeArgument, InvokeNode } from '../syntax/expressions.ts';
import type { InvokeClause } from '../syntax/query.ts';
import { castBetween, implicitlyCastable } from '../types/casts.ts';
import { findVersion, versionsOf } from '../types/model-versions.ts';
import { sameType, STRING, struct, typeText, type SqlType } from '../types/sql-type.ts';
import { invokeOptions, modelOptions } from '../config/model-options.ts';
import { defaultOutputs } from '../formats/default-outputs.ts';
import { cast } from './coerce.ts';
import { requireModel, type SelectContext } from './context.ts';
import { Properties } from './properties.ts';
import type { Scope } from './scope.ts';
import { Typer } from './typer.ts';
import type { ExpressionTyper } from './typing.ts';

/**
 * Collects the models invoked by INVOKE clauses of FROM and by expressions, as one kind of call; equal calls are invoked once.
 */
export class InvokeBinder {
  readonly #context: SelectContext;
  readonly #shape: Rows['shape'];
  /** The text of the record's key, by which a route chooses where nothing else is said. */
  readonly #keyText: readonly BoundExpr[];
  readonly #expressions: BoundInvoke[] = [];
  readonly #pending: BoundInvoke[] = [];
  /** The scope of the query, with one source added for each INVOKE clause. */
  scope: Scope;

  constructor(context: SelectContext, { shape, columns }: Rows) {
    this.#context = context;
    this.#shape = shape;
    this.#keyText = columns.filter(({ role }) => role === 'key').map((column) => cast(reference(column), STRING));
    this.scope = context.scope;
    for (const clause of context.query.invokes) this.#addClause(clause);
  }

  /** The invocations collected since the last call of `take`. */
  take(): readonly BoundInvoke[] {
    return this.#pending.splice(0);
  }

  #addClause(clause: InvokeClause): void {
    const model = requireModel(this.#context.catalog, clause.model);
    const alias = clause.alias.text;
    const outputs = this.#outputs(model, alias);
    const typer = new Typer(this.scope, this.#context.catalog.types, 'INVOKE MODEL');
    const version = versionOf(model, clause.version, clause.span);
    const options = modeOf(model, version, optionsOf(model, clause));
    const args = bindArguments(model, clause.args, typer, clause.span);
    this.#refuseTable(clause.span);
    const routeBy = this.#routeBy(clause, typer);
    this.#pending.push({ model: model.name, version, args, routeBy, outputs, options });
    const columns = outputs.map((output, i) => ({
      column: reference(output),
      hidden: i >= model.output.length,
      isKey: false,
    }));
    this.scope = this.scope.withSource({ alias, name: alias, columns });
  }

  #routeBy({ routeBy, version, model, span }: InvokeClause, typer: ExpressionTyper): readonly BoundExpr[] {
    if (version !== undefined) {
      if (routeBy === undefined) return [];
      const why = "ROUTE BY is for the model's route, and VERSION goes past it";
      throw new SqlError('MODEL_ARGUMENTS', routeBy.span, { model: model.text, why });
    }
    if (routeBy === undefined) return this.#keyText;
    const expr = typer.type(routeBy);
    if (isNull(expr) || sameType(expr.type, STRING) || castBetween(expr.type, STRING) !== undefined)
      return [cast(expr, STRING)];
    throw new SqlError('CAST_NOT_SUPPORTED', span, { from: typeText(expr.type), to: typeText(STRING) });
  }

  /** INVOKE MODEL, or ML_PREDICT, as an expression. */
  readonly expression = (node: InvokeNode, typer: ExpressionTyper): BoundExpr => {
    const { model, version, args } = callOf(node, this.#context.catalog, typer);
    const known = this.#expressions.find(
      (invoke) => invoke.model === model.name && invoke.version === version && sameExprs(invoke.args, args),
    );
    if (known !== undefined) return resultOf(node, model, known.outputs);
    const routeBy = version === undefined ? this.#keyText : [];
    const outputs = this.#outputs(model);
    const options = modeOf(model, version, {});
    const invoke: BoundInvoke = { model: model.name, version, args, routeBy, outputs, options };
    this.#refuseTable(node.span);
    this.#pending.push(invoke);
    this.#expressions.push(invoke);
    return resultOf(node, model, outputs);
  };

  #outputs(model: ModelObject, alias?: string): BoundModelOutput[] {
    const source = alias === undefined ? {} : { source: alias };
    return [...model.output, ...toldOfCalls].map(({ name, type }) => ({
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

/** The model, version and arguments of a call in an expression. */
export function callOf(
  node: InvokeNode,
  catalog: Catalog,
  typer: ExpressionTyper,
): { readonly model: ModelObject } & Pick<BoundInvoke, 'version' | 'args'> {
  const model = requireModel(catalog, node.model);
  const version = versionOf(model, node.version, node.span);
  const place = node.asFunction ? 'an argument of ML_PREDICT' : 'an argument of INVOKE MODEL';
  return { model, version, args: bindArguments(model, node.args, typer.with(place, {}), node.span) };
}

/** The value of a call in an expression: a STRUCT of the model's outputs, and of ML_PREDICT the only output where there is one. */
export function resultOf(
  { asFunction }: InvokeNode,
  { output }: ModelObject,
  outputs: readonly (BoundModelOutput | BoundColumn)[],
): BoundExpr {
  const fields = outputs.slice(0, output.length).map(reference);
  if (asFunction && fields.length === 1) return fields[0]!;
  return { kind: 'struct', fields, type: struct(output.map(({ name, type }) => ({ name, type }))) };
}

/** The options of a call, checked. */
function optionsOf(model: ModelObject, { properties, span }: InvokeClause): Readonly<Record<string, string>> {
  const named = properties.map((property) => ({ ...property, name: property.name.replace(/[-.]/g, '_') }));
  const checked = new Properties(named, invokeOptions, span);
  const given = Object.fromEntries(named.map(({ name, value }) => [name, String(value)]));
  const defaults = given['DEFAULT_VALUE'];
  if (defaults !== undefined)
    try {
      defaultOutputs(defaults, model.output);
    } catch (error) {
      checked.refuse('DEFAULT_VALUE', (error as Error).message);
    }
  // The values that an operator reads are as the table writes them.
  const onError = checked.read('ON_ERROR');
  return checked.has('ON_ERROR') ? { ...given, ON_ERROR: onError } : given;
}

/** The options of a call with its OUTPUT_MODE where that is UNORDERED, be it by the call or by the version that it begins with. */
function modeOf(
  model: ModelObject,
  version: number | string | undefined,
  given: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const number = version === undefined ? model.defaultVersion : findVersion(model, String(version));
  const own = model.versions.find((candidate) => candidate.version === number)?.options ?? {};
  const { OUTPUT_MODE: _mode, ...options } = given;
  return modelOptions.read('OUTPUT_MODE', { ...own, ...given }) === 'UNORDERED'
    ? { ...options, OUTPUT_MODE: 'UNORDERED' }
    : options;
}

/** A number is that version for ever; an alias and DEFAULT are looked up at each call. */
function versionOf(model: ModelObject, version: string | undefined, span: Span): number | string | undefined {
  if (version === undefined) return undefined;
  const found = findVersion(model, version);
  if (found === undefined)
    throw new SqlError('MODEL_VERSION_NOT_FOUND', span, { model: model.name, version, versions: versionsOf(model) });
  return /^\d+$/.test(version) || version.toUpperCase() === 'LATEST' ? found : version.toUpperCase();
}

/** The arguments in the order of the model's inputs: given by position, by `AS input`, or by column name for `(*)`. */
function bindArguments(
  model: ModelObject,
  args: readonly InvokeArgument[] | undefined,
  typer: ExpressionTyper,
  span: Span,
): BoundExpr[] {
  const refuse = (why: string, at: Span = span): never => {
    throw new SqlError('MODEL_ARGUMENTS', at, { model: model.name, why });
  };
  const inputs: { expr: BoundExpr; span: Span }[] = [];
  if (args === undefined) {
    for (const input of model.input)
      inputs.push({
        expr: typer.type({ kind: 'column', qualifier: undefined, name: { text: input.name, span }, span }),
        span,
      });
  } else if (args.some(({ input }) => input !== undefined)) {
    for (const input of model.input) {
      const argument = args.find((arg) => arg.input?.text === input.name) ?? refuse(`input ${input.name} is missing`);
      inputs.push({ expr: typer.type(argument.expression), span: argument.expression.span });
    }
  } else {
    if (args.length !== model.input.length)
      refuse(
        `it takes ${model.input.length} arguments (${model.input.map(({ name }) => name).join(', ')}), not ${args.length}`,
      );
    for (const { expression } of args) inputs.push({ expr: typer.type(expression), span: expression.span });
  }
  return inputs.map(({ expr, span: at }, i) => {
    const input = model.input[i]!;
    if (!isNull(expr) && !widens(expr.type, input.type))
      refuse(`input ${input.name} is ${typeText(input.type)}, not ${typeText(expr.type)}`, at);
    return cast(expr, input.type);
  });
}

function widens(from: SqlType, to: SqlType): boolean {
  return sameType(from, to) || implicitlyCastable(from, to) || (from.kind === 'TIMESTAMP' && to.kind === 'BIGINT');
}
