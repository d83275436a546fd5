import { planCreateAs, planInsertSelect } from '../analysis/persistent.ts';
import { requireSource } from '../analysis/context.ts';
import { analyzeQuery } from '../analysis/query.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import { persistentOptions, physicalPlan, sinkOf } from '../engine/plan-query.ts';
import { printExpr } from '../expressions/print.ts';
import { explainLogical } from '../plan/logical/explain.ts';
import type { LogicalNode } from '../plan/logical/node.ts';
import { factsOf, type PhysicalPlan, type Step } from '../plan/physical/step.ts';
import { stepsOf, subTopologies } from '../plan/physical/topology.ts';
import { optimize } from '../plan/rules/index.ts';
import { parseScript } from '../syntax/parse.ts';
import type { Explain } from '../syntax/statements/explain.ts';
import { closest } from '../util/closest.ts';
import { schemaInfo } from './describe.ts';
import { entity, type Entity, type Execution, type Handler } from './handler.ts';
import { queryState } from './show.ts';

/** EXPLAIN: what was planned, stage by stage, and the topology that runs. */
export const explain: Handler<Explain> = (statement, execution) =>
  Promise.resolve(
    statement.query === undefined ? explainStatement(statement, execution) : explainRunning(statement, execution),
  );

function explainRunning(statement: Explain, { engine, text }: Execution): Entity {
  const id = statement.query!.text;
  const query = engine.catalog.queries.get(id);
  if (query === undefined)
    throw new SqlError('QUERY_NOT_FOUND', statement.query!.span, {
      id,
      suggestion: closest(id, engine.catalog.queries.keys()),
    });
  const error = engine.node.status(id)?.error;
  const state = queryState(engine, query);
  const errors = error === undefined ? [] : [{ timestamp: 0, errorMessage: error, type: 'UNKNOWN' }];
  return description(text, {
    id,
    statementText: query.statement,
    sources: query.sources,
    sinks: [query.sink],
    plan: query.plan,
    executionPlan: rulesLine(query.plan),
    state,
    errors,
    overridden: query.properties,
  });
}

function explainStatement(statement: Explain, { engine, session, text }: Execution): Entity {
  const [inner] = parseScript({ name: 'statement', text: `${statement.statement!.replace(/;\s*$/, '')};` });
  const options = persistentOptions(session);
  const { catalog } = engine;
  let logical: LogicalNode;
  let sinks: string[] = [];
  let sources: readonly string[];
  let sink: PhysicalPlan['sink'];
  if (inner?.kind === 'select') {
    const analyzed = analyzeQuery(inner.query, catalog, {
      purpose: inner.query.emit === undefined ? 'pull' : 'push',
      suppressEnabled: options.suppressEnabled,
    });
    ({ plan: logical, sources } = analyzed);
  } else if ((inner?.kind === 'createSource' || inner?.kind === 'createFeatureView') && inner.query !== undefined) {
    const kind = inner.kind === 'createSource' ? inner.sourceKind : 'STREAM';
    const planned = planCreateAs(
      {
        kind,
        name: inner.name.text,
        properties: inner.kind === 'createSource' ? inner.properties : [],
        span: inner.span,
      },
      inner.query,
      catalog,
      options,
    );
    logical = planned.plan;
    sources = planned.analyzed.sources;
    sinks = [inner.name.text];
    sink = sinkOf(planned);
  } else if (inner?.kind === 'insert' && inner.query !== undefined) {
    const planned = planInsertSelect(requireSource(catalog, inner.target).spec, inner.query, catalog, options);
    logical = planned.plan;
    sources = planned.analyzed.sources;
    sinks = [inner.target.text];
    sink = sinkOf(planned);
  } else throw new SqlError('BAD_REQUEST', statement.span, { why: 'EXPLAIN needs a query, or a statement with one' });
  const { plan, fired } = optimize(logical);
  const stages = [
    `Logical plan:\n${explainLogical(logical)}`,
    `Optimized plan (rules: ${fired.join(', ') || 'none'}):\n${explainLogical(plan)}`,
  ].join('\n\n');
  return description(text, {
    id: '',
    statementText: statement.statement!,
    sources,
    sinks,
    plan: physicalPlan(logical, sink),
    executionPlan: stages,
    state: '',
    errors: [],
    overridden: {},
  });
}

interface Parts {
  readonly id: string;
  readonly statementText: string;
  readonly sources: readonly string[];
  readonly sinks: readonly string[];
  readonly plan: PhysicalPlan;
  readonly executionPlan: string;
  readonly state: string;
  readonly errors: readonly unknown[];
  readonly overridden: Readonly<Record<string, string>>;
}

function description(text: string, parts: Parts): Entity {
  const fields = parts.plan.root.columns.map(({ name, type, role }) => ({
    name,
    schema: schemaInfo(type),
    ...(role === 'key' ? { type: 'KEY' } : {}),
  }));
  const queryDescription = {
    id: parts.id,
    statementText: parts.statementText,
    windowType: parts.plan.windowed ?? null,
    fields,
    sources: parts.sources,
    sinks: parts.sinks,
    topology: topologyText(parts.plan),
    executionPlan: parts.executionPlan,
    overriddenProperties: parts.overridden,
    ksqlHostQueryStatus: {},
    queryType: parts.sinks.length > 0 ? 'PERSISTENT' : 'PUSH',
    queryErrors: parts.errors,
    tasksMetadata: [],
    consumerGroupId: '',
    state: parts.state || null,
  };
  return entity('queryDescription', text, { queryDescription });
}

const rulesLine = (plan: PhysicalPlan): string => `Rules that fired: ${plan.rules.join(', ') || 'none'}`;

function stepText(step: Step): string {
  const columns = step.columns.map(({ name }) => name).join(', ');
  return 'where' in step && step.where !== undefined ? `${columns} where ${printExpr(step.where)}` : columns;
}

/** What a step keeps, and in which stores where it has several. */
function stateText(step: Step): string {
  const { state } = factsOf(step);
  if (state === 'none') return '';
  return `, ${state.kind} state${state.parts.length > 1 ? ` ${state.parts.join(' and ')}` : ''}`;
}

/** The parts that run as tasks, and the steps of each. */
export function topologyText(plan: PhysicalPlan): string {
  return subTopologies(plan)
    .map((part) => {
      const lines = stepsOf(part).map((step) => `    ${step.id} (${step.op}${stateText(step)}): ${stepText(step)}`);
      const end =
        part.output === undefined
          ? plan.sink === undefined
            ? 'to the client'
            : `sink topic=${plan.sink.topic} partitions=${plan.sink.partitions}`
          : `to ${part.output.id}`;
      return [`  Sub-topology ${part.index}`, ...lines, `    ${end}`].join('\n');
    })
    .join('\n');
}
