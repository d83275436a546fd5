import type { BoundInvoke } from '../bound/query.ts';
import { isFeature, type Catalog, type FeatureService, type SourceObject } from '../catalog/catalog.ts';
import type { Span } from '../diagnostics/source.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import { mapColumns, slotColumn, type BoundColumn, type BoundExpr, type Expr } from '../expressions/node.ts';
import { columnName } from '../expressions/print.ts';
import { sameExprs } from '../expressions/same.ts';
import type { InvokeNode, Name } from '../syntax/expressions.ts';
import type { SelectItem } from '../syntax/query.ts';
import type { CreateFeatureService } from '../syntax/statements/feature-services.ts';
import type { SqlType } from '../types/sql-type.ts';
import { ColumnIds, requireView } from './context.ts';
import { callOf, resultOf } from './invoke.ts';
import { resolveType } from './resolve-type.ts';
import { Scope } from './scope.ts';
import { Typer } from './typer.ts';
import type { ExpressionTyper } from './typing.ts';

/** The qualifier of the columns that a request brings. */
const requestAlias = 'REQUEST';

type Refuse = (why: string, at: Span, hint?: string) => never;
type Bound = Pick<FeatureService, 'request' | 'views' | 'invokes' | 'features'>;
interface Side {
  readonly view: SourceObject | undefined;
  readonly alias: string;
  readonly columns: readonly BoundColumn[];
}
interface Selected {
  readonly name: string;
  readonly span: Span;
  readonly expr: BoundExpr;
}

/** Resolves the names of a feature service: expressions over the columns of the request, then those of each view. */
export function bindFeatureService(statement: CreateFeatureService, catalog: Catalog): Bound {
  const refuse: Refuse = (why, at, hint) => {
    throw new SqlError('FEATURE_SERVICE_INVALID', at, { service: statement.name.text, why, hint });
  };
  const ids = new ColumnIds();
  const sideOf = (
    alias: string,
    columns: readonly { readonly name: string; readonly type: SqlType }[],
    view?: SourceObject,
  ): Side => ({
    view,
    alias,
    columns: columns.map(({ name, type }) => ({ kind: 'column', id: ids.next(), name, source: alias, type })),
  });
  const request = statement.request.map(({ name, type }) => ({
    name: name.text,
    type: resolveType(type, catalog.types),
  }));
  const names = viewsIn(statement.features);
  const views = names.map((name) => {
    const view = requireView(catalog, name);
    if (view.featureView!.options['ONLINE_STORE'] === 'none')
      refuse(`${name.text} has ONLINE_STORE='none', so that nothing serves it`, name.span);
    return view;
  });
  checkRequest(statement, views, refuse);
  if (views.length === 0) refuse('it reads no view', statement.span, 'Name features as view.feature.');
  const sides = [
    sideOf(requestAlias, request),
    ...views.map((view, i) => sideOf(names[i]!.text, view.spec.schema, view)),
  ];
  const scope = new Scope(
    sides.map(({ alias, columns }) => ({
      alias,
      name: alias,
      columns: columns.map((column) => ({ column, hidden: false, isKey: false })),
    })),
  );
  const calls = new ModelCalls(catalog, ids);
  const typer = new Typer(scope, catalog.types, 'FEATURES', { invoke: calls.expression });
  const selected = statement.features.flatMap((item) => selectedBy(item, typer, sides, refuse));
  const columns = [...sides.flatMap((side) => side.columns), ...calls.invokes.flatMap(({ outputs }) => outputs)];
  const slots = new Map(columns.map(({ id }, slot) => [id, slot]));
  const inSlots = (expr: BoundExpr): Expr =>
    mapColumns(expr, (column) => slotColumn(slots.get(column.id)!, columnName(column), column.type));
  const taken = new Set<string>();
  const features = selected.map(({ name, span, expr }) => {
    if (taken.has(name)) refuse(`two features are called ${name}`, span, 'Give one of them another name with AS.');
    taken.add(name);
    const side = expr.kind === 'column' ? sides.find(({ columns }) => columns.includes(expr)) : undefined;
    return {
      name,
      view: side?.view && side.alias,
      type: expr.type,
      expr: inSlots(expr),
    };
  });
  return {
    request,
    views: sides
      .filter(({ view }) => view !== undefined)
      .map(({ alias, columns }) => ({ name: alias, columns: columns.map(({ name }) => name) })),
    invokes: calls.invokes.map(({ model, version, args, outputs }) => ({
      model,
      version,
      args: args.map(inSlots),
      outputs: outputs.length,
    })),
    features,
  };
}

/** The models that features call: equal calls are one. */
class ModelCalls {
  readonly #catalog: Catalog;
  readonly #ids: ColumnIds;
  readonly invokes: (Pick<BoundInvoke, 'model' | 'version' | 'args'> & { readonly outputs: BoundColumn[] })[] = [];

  constructor(catalog: Catalog, ids: ColumnIds) {
    this.#catalog = catalog;
    this.#ids = ids;
  }

  readonly expression = (node: InvokeNode, typer: ExpressionTyper): BoundExpr => {
    const { model, version, args } = callOf(node, this.#catalog, typer);
    const { name: called } = model;
    const isThis = (other: (typeof this.invokes)[number]): boolean =>
      other.model === called && other.version === version && sameExprs(other.args, args);
    let known = this.invokes.find(isThis);
    if (known === undefined) {
      const outputs = model.output.map(({ name, type }): BoundColumn => {
        return { kind: 'column', id: this.#ids.next(), name, source: called, type };
      });
      this.invokes.push((known = { model: called, version, args, outputs }));
    }
    return resultOf(node, model, known.outputs);
  };
}

/** A column of the request is told from an entity by its name. */
function checkRequest({ request }: CreateFeatureService, views: readonly SourceObject[], refuse: Refuse): void {
  const names = new Set<string>();
  for (const { name, role } of request) {
    if (role !== 'value') refuse('REQUEST has no keys: entities are in every request', name.span);
    if (names.has(name.text)) refuse(`REQUEST has two columns ${name.text}`, name.span);
    names.add(name.text);
    const keyed = views.find(({ featureView }) => featureView!.entityKey.includes(name.text));
    if (keyed !== undefined)
      refuse(
        `${name.text} of REQUEST is an entity of ${keyed.spec.name}`,
        name.span,
        'Entities are in every request: leave it out.',
      );
  }
}

/** The views that features name, each where it first stands. */
export function viewsIn(features: readonly SelectItem[]): Name[] {
  const found = new Map<string, Name>();
  const note = (name: Name | undefined): void => {
    if (name !== undefined && name.text !== requestAlias && !found.has(name.text)) found.set(name.text, name);
  };
  // Without recursion: expressions may be deeper than the stack.
  const left: unknown[] = features.toReversed();
  for (let part = left.pop(); left.length > 0 || part !== undefined; part = left.pop()) {
    if (typeof part !== 'object' || part === null) continue;
    const { kind, qualifier, source } = part as { kind?: string; qualifier?: Name; source?: Name };
    if (kind === 'column') note(qualifier);
    else if (kind === 'all') note(source);
    else left.push(...Object.entries(part).flatMap(([key, value]) => (key === 'span' ? [] : [value as unknown])));
  }
  return [...found.values()];
}

/** The features of one item: of `view.*` all columns but the entities and the feature time. */
function selectedBy(item: SelectItem, typer: Typer, sides: readonly Side[], refuse: Refuse): Selected[] {
  const { span } = item;
  if (item.kind === 'all') {
    const side = sides.find(({ view, alias }) => view !== undefined && alias === item.source?.text);
    if (side === undefined) return refuse('* must be of a view', span, 'Write view.* for all features of a view.');
    const view = side.view!.featureView!;
    return side.columns
      .filter(({ name }) => isFeature(view, name))
      .map((column) => ({ name: column.name, span, expr: column }));
  }
  if (item.kind === 'allFields')
    return refuse('->* is no feature', span, 'Name the fields: view.column->field AS name.');
  const { expression, alias } = item;
  const expr = typer.type(expression);
  const side = expr.kind === 'column' ? sides.find(({ columns }) => columns.includes(expr)) : undefined;
  if (expr.kind === 'column' && side !== undefined) {
    const { view } = side;
    if (view?.featureView!.entityKey.includes(expr.name))
      refuse(`${expr.name} is an entity of ${view.spec.name}`, span, 'Entities are in every answer: leave it out.');
    return [{ name: alias?.text ?? expr.name, span: alias?.span ?? span, expr }];
  }
  if (alias === undefined) return refuse('what is computed needs a name', span, 'Write expression AS name.');
  return [{ name: alias.text, span: alias.span, expr }];
}
