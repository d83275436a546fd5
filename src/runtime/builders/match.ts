import { compileExpression } from '../../expressions/compile.ts';
import { literalValue, type Expr } from '../../expressions/node.ts';
import { sameExpr } from '../../expressions/same.ts';
import type { Aggregator } from '../../functions/define.ts';
import type { MatchExpr } from '../../plan/physical/steps/match.ts';
import { areLocal, mostAttempts, seenRows, type NavigationSpec } from '../../specs/pattern.ts';
import { EvaluationError } from '../../types/numbers.ts';
import type { Row, Value } from '../../types/sql-type.ts';
import { charsOf, lastVariable, rowOf, type Candidate, type PartitionState } from '../match/matcher.ts';
import { Program } from '../../specs/pattern-program.ts';
import { Match } from '../operators/match.ts';
import { matchAggregator } from './aggregates.ts';
import type { BuildContext, Builder } from './context.ts';
import { projection } from './expressions.ts';
import { keyValue } from './stores.ts';

type Navigation = NavigationSpec<Expr>;
/** What a navigation gives of the rows of a candidate. */
type Take = (candidate: Candidate) => Value;

export const match: Builder<'match'> = (step, context) => {
  const { variables, conditions, measures, pattern, skip, withinMs } = step;
  const read: Expr[] = [];
  const takes = new Takes(read, variables, context);
  const holds = conditions.map((condition) => (condition === null ? undefined : takes.value(condition)));
  const values = measures.map((measure) => takes.value(measure));
  const navigations = [...conditions, ...measures].flatMap((each) => each?.navigations ?? []);
  return new Match(keyValue<PartitionState>(step, context), {
    partitionBy: projection(step.partitionBy, context),
    orderBy: compileExpression(step.orderBy, (error) => context.report(error, 'ORDER BY')),
    read: projection(read, context),
    measures: (candidate) => values.map((value) => value(candidate)),
    position: context.position,
    isNumbered: navigations.some(({ kind }) => kind === 'matchNumber'),
    search: {
      program: new Program(pattern),
      holds: (candidate) => {
        const condition = holds[lastVariable(candidate)];
        return condition === undefined || condition(candidate) === true;
      },
      isLocal: areLocal(conditions),
      seen: seenRows(conditions),
      skip,
      withinMs,
      onOverflow: () => {
        const message = `more than ${mostAttempts} attempts to match are open in a partition: those that began last are given up`;
        context.report(new EvaluationError(message), 'MATCH_RECOGNIZE');
      },
      lookBack: Math.max(0, ...navigations.map((each) => (each.kind === 'row' ? each.before : 0))),
    },
  });
};

/** Compiles what conditions and measures take from candidates; `read` collects what they read of rows. */
class Takes {
  readonly #read: Expr[];
  readonly #variables: readonly string[];
  readonly #context: BuildContext;

  constructor(read: Expr[], variables: readonly string[], context: BuildContext) {
    this.#read = read;
    this.#variables = variables;
    this.#context = context;
  }

  value({ navigations, expr }: MatchExpr): Take {
    const takes = navigations.map((navigation) => this.#take(navigation));
    const evaluate = compileExpression(expr, (error) => this.#context.report(error, 'MATCH_RECOGNIZE'));
    return (candidate) => evaluate(takes.map((take) => take(candidate)));
  }

  #take(navigation: Navigation): Take {
    switch (navigation.kind) {
      case 'classifier':
        return (candidate) => this.#variables[lastVariable(candidate)]!;
      case 'matchNumber':
        return ({ number }) => number;
      case 'row': {
        const { from, variables, offset, before, expr } = navigation;
        const chars = variables && charsOf(variables);
        const place = this.#placeOf(expr);
        return (candidate) => {
          const number = rowOf(candidate, from, chars, offset);
          return number === undefined ? null : (rowAt(candidate, number - before)?.[place] ?? null);
        };
      }
      case 'aggregate':
        return this.#aggregate(navigation);
    }
  }

  #aggregate({ fn, args, filter, variables, gives: type }: Extract<Navigation, { kind: 'aggregate' }>): Take {
    const chars = variables && charsOf(variables);
    const aggregator: Aggregator = matchAggregator({ fn, args, type }, this.#context);
    const places = args.map((arg) =>
      arg.kind === 'literal' ? { constant: literalValue(arg) } : { place: this.#placeOf(arg) },
    );
    const wanted = filter && this.#placeOf(filter);
    const valueOf = (row: Row, i: number): Value => {
      const at = places[i];
      return at === undefined ? null : 'constant' in at ? at.constant! : row[at.place]!;
    };
    const others = places.slice(1).map((_, i) => i + 1);
    return (candidate) => {
      const { start, taken, partition } = candidate;
      let state = aggregator.init();
      for (let i = 0; i < taken.length; i++) {
        if (chars !== undefined && !chars.includes(taken[i]!)) continue;
        const row = rowAt(candidate, start + i)!;
        if (wanted !== undefined && row[wanted] !== true) continue;
        const rest = others.map((each) => valueOf(row, each));
        if (aggregator.needsTime === true) rest.push(partition[2][start + i - partition[0]]!);
        state = aggregator.add(state as never, valueOf(row, 0), rest);
      }
      return aggregator.result(state as never, partition[2][start + taken.length - 1 - partition[0]]!);
    };
  }

  #placeOf(expr: Expr): number {
    const known = this.#read.findIndex((each) => sameExpr(each, expr));
    return known >= 0 ? known : this.#read.push(expr) - 1;
  }
}

const rowAt = ({ partition: [first, rows] }: Candidate, number: number): Row | undefined => rows[number - first];
