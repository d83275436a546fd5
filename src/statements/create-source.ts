import { declareSource, rolesToInfer } from '../analysis/create-source.ts';
import type { Catalog, QueryObject, SourceObject } from '../catalog/catalog.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import { persistentOptions, planCreateAs, sourceDefaults, sourceTablePlan } from '../engine/plan-query.ts';
import type { Session } from '../engine/session.ts';
import type { QueryNode } from '../syntax/query.ts';
import type { CreateSource } from '../syntax/statements/create-source.ts';
import { currentStatus, type Execution, type Handler } from './handler.ts';
import { answerIfExists, createFilled, hasPartitions, topicConfig, type PlannedQuery } from './persistent-query.ts';
import { checkReplacement } from './replacement.ts';
import { inferColumns, withSchemas } from './schemas.ts';
import { ensureTopic } from './topics.ts';

export const createSource: Handler<CreateSource> = async (statement, execution) => {
  const answer = answerIfExists(statement, statement.sourceKind.toLowerCase(), execution);
  if (answer !== undefined) return answer;
  if (statement.orReplace && statement.readOnly)
    throw new SqlError('REPLACE_REFUSED', statement.span, {
      name: statement.name.text,
      why: 'SOURCE objects cannot be replaced',
    });
  if (statement.query === undefined) return declare(statement, execution);
  const made = planCreateSource({ ...statement, query: statement.query }, execution.engine.catalog, execution.session);
  return createFilled(made, hasPartitions(statement.properties), execution);
};

/** CREATE STREAM or TABLE … AS SELECT. */
export function planCreateSource(
  statement: CreateSource & { readonly query: QueryNode },
  catalog: Catalog,
  session: Session,
): PlannedQuery {
  const { name, sourceKind, query, properties, span } = statement;
  if (statement.readOnly) throw new SqlError('NOT_SUPPORTED_YET', span, { what: 'SOURCE with AS SELECT' });
  const target = { kind: sourceKind, name: name.text, properties, span };
  return {
    kind: sourceKind === 'STREAM' ? 'CSAS' : 'CTAS',
    sink: name,
    query,
    planned: planCreateAs(target, query, catalog, persistentOptions(session)),
    view: undefined,
  };
}

async function declare(
  statement: CreateSource,
  { engine, session, text, distribute }: Execution,
): ReturnType<Handler<CreateSource>> {
  const existing = engine.catalog.sources.get(statement.name.text);
  const defaults = sourceDefaults(session);
  const inferred = await inferColumns(rolesToInfer(statement, defaults), engine);
  const declared = declareSource(statement, engine.catalog, defaults, inferred);
  const { spec } = declared;
  if (existing !== undefined) checkReplacement(existing, { spec, view: undefined }, statement.name.span);
  const partitions = await ensureTopic(
    engine,
    {
      name: spec.topic,
      partitions: declared.partitions,
      replicas: declared.replicas,
      config: topicConfig(spec, declared.retentionMs),
    },
    undefined,
    statement.name.span,
  );
  const complete = await withSchemas({ ...spec, partitions }, engine, false, statement.name.span);
  const materialized = statement.readOnly && spec.kind === 'TABLE';
  const query = materialized ? sourceTableQuery(complete, text, engine.nextQueryNumber) : undefined;
  const source: SourceObject = {
    spec: complete,
    statement: text,
    readOnly: statement.readOnly,
    createdBy: query?.id,
    featureView: undefined,
    ...(declared.connector === undefined ? {} : { connector: declared.connector }),
  };
  const number = await distribute({ v: 1, kind: 'createSource', source, query });
  const word = spec.kind === 'STREAM' ? 'Stream' : 'Table';
  return currentStatus(
    text,
    `${word.toLowerCase()}/\`${spec.name}\`/create`,
    `${word} ${existing === undefined ? 'created' : 'replaced'}`,
    number,
    query?.id ?? null,
  );
}

/** CREATE SOURCE TABLE is materialised by a query of its own that writes nothing. */
function sourceTableQuery(spec: SourceObject['spec'], text: string, n: number): QueryObject {
  const plan = sourceTablePlan(spec);
  return {
    id: `CST_${spec.name}_${n}`,
    kind: 'CST',
    statement: text,
    sources: [spec.name],
    sink: spec.name,
    plan,
    paused: false,
    properties: { 'auto.offset.reset': 'earliest' },
  };
}
