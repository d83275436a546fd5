import type { BoundCondition } from '../../bound/match.ts';
import { findAggregate } from '../../functions/registry.ts';
import { reference } from '../../bound/rows.ts';
import type { BoundColumn, BoundExpr } from '../../expressions/node.ts';
import { sameExprs } from '../../expressions/same.ts';
import { navigationExprs, type NavigationSpec } from '../../specs/pattern.ts';
import type { CallNode, ColumnNode, ExpressionNode } from '../../syntax/expressions.ts';
import { mapNodes } from '../../syntax/map-nodes.ts';
import { BIGINT, STRING, type SqlType } from '../../types/sql-type.ts';
import { sameData } from '../../util/same-data.ts';
import type { ColumnIds } from '../context.ts';
import { translated } from '../other-dialects.ts';
import { bindAggregate } from '../over/call.ts';
import { Scope } from '../scope.ts';
import { Typer } from '../typer.ts';
import { refuse, type Variables } from './pattern.ts';

type Navigation = NavigationSpec<BoundExpr>;
interface Found {
  readonly navigation: Navigation;
  readonly column: BoundColumn;
}

/** Binds the conditions of DEFINE and the MEASURES: what they take from the rows of a match becomes columns of their own. */
export class NavigationBinder {
  readonly #rows: Typer;
  readonly #variables: Variables;
  readonly #ids: ColumnIds;

  /** `rows`: types expressions over a row of the input. */
  constructor(rows: Typer, variables: Variables, ids: ColumnIds) {
    this.#rows = rows;
    this.#variables = variables;
    this.#ids = ids;
  }

  bind(node: ExpressionNode, place: string, isCondition: boolean): BoundCondition {
    const found: Found[] = [];
    const rewritten = this.#rewrite(node, found, place, new Set());
    const columns = found.map(({ column }) => ({ column, hidden: true, isKey: false }));
    const typer = new Typer(new Scope([{ alias: place, name: place, columns }]), this.#rows.types, place);
    const expr = isCondition ? typer.boolean(rewritten, place) : typer.type(rewritten);
    return { navigations: found.map(({ navigation }) => navigation), columns: found.map(({ column }) => column), expr };
  }

  /** The expression with columns in the place of what it takes from the match; `own` are the variables of lambdas. */
  #rewrite<P>(part: P, found: Found[], place: string, own: ReadonlySet<string>): P {
    return mapNodes(part, (value) => {
      const node = value as ExpressionNode;
      const as = (navigation: Navigation, type: SqlType): ExpressionNode => this.#column(navigation, type, node, found);
      switch (node.kind) {
        case 'column': {
          if (node.qualifier === undefined && own.has(node.name.text)) return node;
          const { expr, variables } = this.#overRow(node, place);
          return as({ kind: 'row', from: 'last', variables, offset: 0, before: 0, expr }, expr.type);
        }
        case 'lambda': {
          const known = new Set([...own, ...node.params.map(({ text }) => text)]);
          return { ...node, body: this.#rewrite(node.body, found, place, known) };
        }
        case 'call': {
          const call = translated(node);
          if (call.kind !== 'call') return this.#rewrite(call, found, place, own);
          const navigation = this.#navigation(call, place);
          return navigation && as(navigation.spec, navigation.type);
        }
        default:
          return undefined;
      }
    }) as P;
  }

  #navigation(call: CallNode, place: string): { readonly spec: Navigation; readonly type: SqlType } | undefined {
    const name = call.name.text;
    if (name === 'CLASSIFIER' || name === 'MATCH_NUMBER') {
      if (call.args.length > 0) refuse(call.span, `${name} takes no argument`, `Write ${name}().`);
      return name === 'CLASSIFIER'
        ? { spec: { kind: 'classifier' }, type: STRING }
        : { spec: { kind: 'matchNumber' }, type: BIGINT };
    }
    if (name === 'NEXT')
      refuse(
        call.span,
        'NEXT looks at a row that has not come yet',
        'Let a further variable of the pattern say what comes next.',
      );
    if (name === 'FIRST' || name === 'LAST' || name === 'PREV') {
      const [value, count] = call.args;
      if (value === undefined || call.args.length > 2)
        return refuse(
          call.span,
          `${name} takes a value and a number of rows`,
          `Write ${name}(A.price), or ${name}(A.price, 1).`,
        );
      const rows = count === undefined ? (name === 'PREV' ? 1 : 0) : rowsOf(count, name);
      const { expr, variables } = this.#overRow(value, place);
      const of = { kind: 'row', variables, expr } as const;
      return {
        spec:
          name === 'PREV'
            ? { ...of, from: 'last', offset: 0, before: rows }
            : { ...of, from: name === 'FIRST' ? 'first' : 'last', offset: rows, before: 0 },
        type: expr.type,
      };
    }
    const aggregate = findAggregate(name);
    if (aggregate === undefined || call.over !== undefined) return undefined;
    const { node, variables } = this.#stripped(call, place);
    const { fn, args, filter, type } = bindAggregate(node, this.#rows);
    return { spec: { kind: 'aggregate', variables, fn, args, filter, gives: type }, type };
  }

  /** An expression over one row, and the variables whose row it is. */
  #overRow(
    node: ExpressionNode,
    place: string,
  ): { readonly expr: BoundExpr; readonly variables: readonly number[] | undefined } {
    const { node: plain, variables } = this.#stripped(node, place);
    return { expr: this.#rows.with(place, {}).type(plain), variables };
  }

  /** The expression without the variables before its columns, which must all be of the same. */
  #stripped<N extends ExpressionNode>(
    node: N,
    place: string,
  ): { readonly node: N; readonly variables: readonly number[] | undefined } {
    const names = new Set<string | undefined>();
    const plain = mapNodes(node, (part) => {
      const inner = part as ExpressionNode;
      if (inner.kind !== 'column') return undefined;
      const name = this.#variableOf(inner);
      names.add(name);
      return name === undefined ? inner : { ...inner, qualifier: undefined };
    }) as N;
    if (names.size > 1)
      refuse(
        node.span,
        `${place} takes columns of several variables here`,
        'Name one variable, or a SUBSET of several.',
      );
    const [name] = names;
    return { node: plain, variables: name === undefined ? undefined : this.#variables.members.get(name)! };
  }

  #variableOf({ qualifier }: ColumnNode): string | undefined {
    return qualifier !== undefined && this.#variables.members.has(qualifier.text) ? qualifier.text : undefined;
  }

  #column(navigation: Navigation, type: SqlType, { span }: ExpressionNode, found: Found[]): ExpressionNode {
    const known = found.find((each) => sameNavigation(each.navigation, navigation));
    // Every column of a user's is a navigation itself, so that no name collides with these.
    const name = known?.column.name ?? `$${found.length}`;
    if (known === undefined) found.push({ navigation, column: reference({ id: this.#ids.next(), name, type }) });
    return { kind: 'column', qualifier: undefined, name: { text: name, span }, span };
  }
}

function sameNavigation(a: Navigation, b: Navigation): boolean {
  const rest = ({ expr: _, args: __, filter: ___, ...others }: Record<string, unknown>): unknown => others;
  return sameData(rest(a), rest(b)) && sameExprs([...navigationExprs(a)], [...navigationExprs(b)]);
}

function rowsOf(node: ExpressionNode, name: string): number {
  const value = node.kind === 'literal' && node.literal === 'integer' ? Number(node.value) : Number.NaN;
  if (!(value >= (name === 'PREV' ? 1 : 0)))
    refuse(node.span, `the rows of ${name} are a whole number`, `Write ${name}(A.price, 1).`);
  return value;
}
