import { SqlError } from '../diagnostics/sql-error.ts';
import { type Cst, propertyValue, stringText, versionText } from './cst.ts';
import type { ExpressionNode, Name } from './expressions.ts';
import { selectFrom, type InvokeClause, type PropertyNode, type QueryNode } from './query.ts';

/** ML_PREDICT is a subquery: all columns of the table, then the model's outputs. */
export function predictQuery(cst: Cst): QueryNode {
  const hasOptions = cst.has('callOptions');
  checkNames(cst, 'ML_PREDICT', ['INPUT', 'MODEL', 'ARGS', ...(hasOptions ? ['CONFIG'] : [])]);
  const [columns] = cst.all('columnList');
  return invoked(cst, namesIn(columns!), optionsOf(cst));
}

/** Options of ML_EVALUATE that are not those of the call. */
const ownOptions = new Set(['SCORE', 'THRESHOLD']);

/** ML_EVALUATE is a subquery that names what it reads and calls; what it answers is known when it is bound. */
export function evaluateQuery(cst: Cst): QueryNode {
  const [task] = cst.tokens('StringLiteral');
  const tail = [...(task === undefined ? [] : ['TASK']), ...(cst.has('callOptions') ? ['CONFIG'] : [])];
  checkNames(cst, 'ML_EVALUATE', ['INPUT', 'MODEL', 'LABEL', 'ARGS', ...tail]);
  const [labels, columns] = cst.all('columnList');
  const [label, second] = namesIn(labels!);
  if (second !== undefined)
    throw new SqlError('CALL_INVALID', second.span, {
      why: 'ML_EVALUATE compares one label',
      hint: 'Write ML_EVALUATE(TABLE s, MODEL m, DESCRIPTOR(label), DESCRIPTOR(a, b)).',
    });
  const all = optionsOf(cst);
  const options = all.filter(({ name }) => ownOptions.has(name));
  const called = invoked(
    cst,
    namesIn(columns!),
    all.filter((option) => !options.includes(option)),
  );
  const asked = task && { text: stringText(task.image), span: cst.spanOf(task) };
  return { ...called, evaluates: { label: label!, task: asked, options } };
}

/** Every row of the table with what the model says of it. */
function invoked(cst: Cst, columns: readonly Name[], properties: readonly PropertyNode[]): QueryNode {
  const scored = cst.one('scoredTable');
  const [table, model] = namesIn(scored);
  const version = scored.maybe('version');
  const { span } = cst;
  const column = (name: Name): ExpressionNode => ({ kind: 'column', qualifier: undefined, name, span: name.span });
  const everything = selectFrom(
    [{ kind: 'all', source: undefined, span }],
    { name: table!, alias: undefined, match: undefined, span },
    span,
  );
  const invoke: InvokeClause = {
    model: model!,
    version: version && versionText(version),
    args: columns.map((name) => ({ expression: column(name), input: undefined })),
    routeBy: undefined,
    properties,
    alias: { text: 'ML_PREDICT', span },
    span,
  };
  return { ...everything, invokes: [invoke] };
}

const namesIn = (cst: Cst): Name[] => cst.all('name').map((part) => part.asName());

const optionsOf = (cst: Cst): PropertyNode[] =>
  cst
    .all('callOptions')
    .flatMap((options) => options.all('callOption'))
    .map((option) => ({
      name: stringText(option.token('StringLiteral').image).toUpperCase(),
      value: propertyValue(option),
      span: option.span,
    }));

/** Arguments that are named have their own names; ML_EVALUATE's task and options may be named alone. */
function checkNames(cst: Cst, fn: string, wanted: readonly string[]): void {
  const inTable = cst.one('scoredTable').all('argumentName');
  const named = [...inTable, ...cst.all('argumentName')].map((each) => each.name().text);
  const required = fn === 'ML_EVALUATE' ? 4 : wanted.length;
  const optional = wanted.slice(required);
  const allowed = [[], wanted, wanted.slice(0, required), optional, optional.slice(0, 1), optional.slice(1)];
  if (allowed.some((names) => names.join() === named.join())) return;
  const form = 'INPUT => TABLE s, MODEL => MODEL m';
  throw new SqlError('CALL_INVALID', cst.span, {
    why: `the arguments of ${fn} are named ${wanted.join(', ')}, in this order, or none of them is`,
    hint:
      fn === 'ML_EVALUATE'
        ? `Write ${fn}(${form}, LABEL => DESCRIPTOR(label), ARGS => DESCRIPTOR(a, b), TASK => 'classification', CONFIG => MAP(…)), the last two where they are needed.`
        : `Write ${fn}(${form}, ARGS => DESCRIPTOR(a, b), CONFIG => MAP(…)), the last where it is needed.`,
  });
}
