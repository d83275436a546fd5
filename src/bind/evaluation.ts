import { evaluationOptions } from '../config/model-options.ts';
import type { Span } from '../diagnostics/source.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import { mlEvaluate } from '../functions/aggregate/evaluate.ts';
import { explode } from '../functions/table/explode.ts';
import type { CallNode, ExpressionNode, Name } from '../syntax/expressions.ts';
import { selectFrom, type EvaluateNode, type InvokeClause, type QueryNode, type SelectItem } from '../syntax/query.ts';
import type { ModelColumn, ModelObject } from '../types/model.ts';
import { isNumeric, typeText, type SqlType } from '../types/sql-type.ts';
import { closest } from '../util/closest.ts';
import { requireModel, type QueryBinder } from './context.ts';
import { Properties } from './properties.ts';

/** The tasks of Flink's ML_EVALUATE whose measures the aggregate ML_EVALUATE has. */
const tasks = ['classification', 'regression'];

/**
 * What ML_EVALUATE in FROM stands for: every row is scored by each version that the model has, or by the one that is named, and
 * the aggregate ML_EVALUATE compares its scores with the label. The query groups by version:
 *
 * SELECT s->VERSION AS MODEL_VERSION, ML_EVALUATE(label, s->SCORE) AS RESULT FROM (SELECT label, EXPLODE(scores) AS s FROM t
 * INVOKE MODEL m VERSION 1 …) GROUP BY s->VERSION
 */
export function evaluation(query: QueryNode, binder: QueryBinder): QueryNode {
  const [clause] = query.invokes as readonly [InvokeClause];
  const { label, task, options } = query.evaluates as EvaluateNode;
  const { from, span } = query;
  const model = requireModel(binder.catalog, clause.model);
  const checked = new Properties(options, evaluationOptions, span);
  const score = scoreOf(model, checked.read('SCORE'), clause.model.span);
  const labelColumn = column(label, from.name);
  const truth = truthOf(labelColumn, labelType(query, binder), task);
  if (!truth.isClass && checked.has('THRESHOLD')) checked.refuse('THRESHOLD', 'a regression has no threshold');

  const name = (text: string): Name => ({ text, span });
  const item = (expression: ExpressionNode, alias: string): SelectItem => ({
    kind: 'expression',
    expression,
    alias: name(alias),
    span,
  });
  const versions =
    clause.version === undefined ? model.versions.map(({ version }) => String(version)) : [clause.version];
  const invokes = versions.map((version, i) => ({
    ...clause,
    version,
    args: clause.args!.map((arg) => ({
      ...arg,
      expression: column((arg.expression as { name: Name }).name, from.name),
    })),
    alias: name(`V${i + 1}`),
  }));
  const scores = invokes.map(({ alias }): ExpressionNode => ({
    kind: 'struct',
    fields: [
      { name: name('VERSION'), value: column(name('MODEL_VERSION'), alias) },
      { name: name('SCORE'), value: column(name(score), alias) },
    ],
    span,
  }));
  const exploded = call(explode.name, [{ kind: 'array', items: scores, span }], span);
  const scored: QueryNode = {
    ...selectFrom([item(truth.expression, 'LABEL'), item(exploded, 'SCORED')], from, span),
    invokes,
  };
  const field = (of: string): ExpressionNode => ({
    kind: 'field',
    operand: column(name('SCORED')),
    field: name(of),
    span,
  });
  const value = String(checked.read('THRESHOLD'));
  const threshold: ExpressionNode = { kind: 'literal', literal: 'double', value, span };
  const compared = [column(name('LABEL')), field('SCORE'), ...(truth.isClass ? [threshold] : [])];
  return {
    ...selectFrom(
      [item(field('VERSION'), 'MODEL_VERSION'), item(call(mlEvaluate.name, compared, span), 'RESULT')],
      { name: name('SCORES'), alias: undefined, query: scored, match: undefined, span },
      span,
    ),
    groupBy: [field('VERSION')],
  };
}

const column = (name: Name, qualifier?: Name): ExpressionNode => ({
  kind: 'column',
  qualifier: qualifier && { ...qualifier, span: name.span },
  name,
  span: name.span,
});

const call = (fn: string, args: readonly ExpressionNode[], span: Span): CallNode => ({
  kind: 'call',
  name: { text: fn, span },
  star: false,
  args,
  distinct: undefined,
  filter: undefined,
  ignoreNulls: undefined,
  over: undefined,
  span,
});

/** The output that is compared with the label. */
function scoreOf(model: ModelObject, wanted: string | undefined, span: Span): string {
  const refuse = (why: string): never => {
    throw new SqlError('MODEL_ARGUMENTS', span, { model: model.name, why });
  };
  const names = model.output.map(({ name }) => name);
  if (wanted !== undefined && !names.includes(wanted)) {
    const near = closest(wanted, names);
    refuse(`it has no OUTPUT ${wanted}${near === undefined ? '' : `; did you mean ${near}?`}`);
  }
  const doubles = model.output.filter(({ type }) => type.kind === 'DOUBLE');
  const candidates = model.output.length === 1 ? model.output : doubles;
  const one = wanted === undefined ? candidates[0] : model.output.find(({ name }) => name === wanted);
  if (one === undefined || (wanted === undefined && candidates.length > 1))
    refuse(`ML_EVALUATE compares one of its outputs (${names.join(', ')}); say which: MAP['score', '${names[0]!}']`);
  const { name, type } = one as ModelColumn;
  return isNumeric(type) ? name : refuse(`ML_EVALUATE compares numbers, and its OUTPUT ${name} is ${typeText(type)}`);
}

function labelType({ evaluates, from, span }: QueryNode, binder: QueryBinder): SqlType {
  const { label } = evaluates as EvaluateNode;
  const item: SelectItem = { kind: 'expression', expression: column(label, from.name), alias: undefined, span };
  const { rows } = binder.part(selectFrom([item], from, span));
  return rows.columns.find(({ name }) => name === label.text)!.type;
}

/** The label as the aggregate takes it: true or false for a classification, a number for a regression. */
function truthOf(
  label: ExpressionNode,
  type: SqlType,
  task: Name | undefined,
): { readonly expression: ExpressionNode; readonly isClass: boolean } {
  const { span } = label;
  const refuse = (why: string, hint: string, where: Span): never => {
    throw new SqlError('CALL_INVALID', where, { why, hint });
  };
  const name = task?.text.toLowerCase();
  if (name !== undefined && !tasks.includes(name))
    refuse(`ML_EVALUATE does not measure the task "${name}"`, `Tasks are ${tasks.join(' and ')}.`, task!.span);
  const isNumber = isNumeric(type);
  if (!isNumber && (type.kind !== 'BOOLEAN' || name === 'regression'))
    refuse(
      `${name === undefined ? 'the label of ML_EVALUATE' : `the label of a ${name}`} cannot be ${typeText(type)}`,
      'It is BOOLEAN, or a number: 1 is true in a classification.',
      span,
    );
  if (!isNumber || name !== 'classification') return { expression: label, isClass: !isNumber };
  const one: ExpressionNode = { kind: 'literal', literal: 'integer', value: '1', span };
  const isOne: ExpressionNode = { kind: 'compare', op: '=', left: label, right: one, span };
  // A comparison with NULL is false, and a row without a label is to count nowhere.
  const isKnown: ExpressionNode = { kind: 'isNull', operand: label, negated: true, span };
  const whens = [{ when: isKnown, then: isOne }];
  return { expression: { kind: 'case', operand: undefined, whens, otherwise: undefined, span }, isClass: true };
}
