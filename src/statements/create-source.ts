import { declareSource, rolesToInfer } from '../analysis/create-source.ts';
import type { Catalog, QueryObject, SourceObject } from '../catalog/catalog.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import { datagenPlan, persistentOptions, planCreateAs, sourceDefaults, sourceTablePlan } from '../engine/plan-query.ts';
import type { Session } from '../engine/session.ts';
import type { DatagenSpec } from '../specs/datagen.ts';
import type { SourceSpec } from '../specs/source.ts';
import type { QueryNode } from '../syntax/query.ts';
import type { CreateSource } from '../syntax/statements/create-source.ts';
import { exportsFor } from './exports.ts';
import { currentStatus, type Execution, type Handler } from './handler.ts';
import {
  answerIfExists,
  checkLimit,
  createFilled,
  distributeSource,
  hasPartitions,
  topicConfig,
  type PlannedQuery,
} from './persistent-query.ts';
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
  const definition = planCreateSource(
    { ...statement, query: statement.query },
    execution.engine.catalog,
    execution.session,
  );
  return createFilled(definition, hasPartitions(statement.properties), execution);
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
    planned: planCreateAs(target, query, catalog, persistentOptions(session, 'ksqldb')),
    view: undefined,
  };
}

async function declare(statement: CreateSource, execution: Execution): ReturnType<Handler<CreateSource>> {
  const { engine, session, text, distribute } = execution;
  const existing = engine.catalog.sources.get(statement.name.text);
  const defaults = sourceDefaults(session);
  const inferred = await inferColumns(rolesToInfer(statement, defaults), engine);
  const declared = declareSource(statement, engine.catalog, defaults, inferred.columns);
  const { spec } = declared;
  if (existing !== undefined) checkReplacement(existing, { spec, view: undefined }, statement.name.span);
  const isMade = declared.datagen !== undefined;
  const partitions = await ensureTopic(
    engine,
    {
      name: spec.topic,
      partitions: declared.partitions,
      replicas: declared.replicas,
      config: topicConfig(spec, declared.retention, declared.historyMs),
    },
    isMade ? 1 : undefined,
    statement.name.span,
  );
  const complete = await withSchemas(
    { ...spec, partitions },
    engine,
    isMade,
    statement.name.span,
    statement.readOnly && !isMade,
  );
  const query = await ownQuery(statement, complete, declared.datagen, execution);
  const source: SourceObject = {
    spec: complete,
    statement: text,
    readOnly: statement.readOnly,
    createdBy: query?.id,
    featureView: undefined,
    ...(declared.historyMs === undefined ? {} : { historyMs: declared.historyMs }),
    ...(declared.connector === undefined ? {} : { connector: declared.connector }),
    ...(inferred.leftOut.length === 0 ? {} : { leftOut: inferred.leftOut }),
  };
  const exported = await exportsFor(
    complete,
    declared.exports,
    engine.nextQueryNumber + (query === undefined ? 0 : 1),
    statement.name.span,
    execution,
  );
  const number = await distributeSource({ v: 1, kind: 'createSource', source, query }, exported, distribute);
  const word = spec.kind === 'STREAM' ? 'Stream' : 'Table';
  const answer = currentStatus(
    text,
    `${word.toLowerCase()}/\`${spec.name}\`/create`,
    `${word} ${existing === undefined ? 'created' : 'replaced'}`,
    number,
    query?.id ?? null,
  );
  return { ...answer, warnings: inferred.leftOut.map((message) => ({ message })) };
}

/** The query that a declared source has of its own: what makes its rows, or what keeps a SOURCE TABLE's. */
async function ownQuery(
  statement: CreateSource,
  spec: SourceSpec,
  datagen: DatagenSpec | undefined,
  execution: Execution,
): Promise<QueryObject | undefined> {
  const { engine, session, text } = execution;
  const properties = { ...session.overrides(), 'auto.offset.reset': 'earliest' };
  if (datagen === undefined)
    return statement.readOnly && spec.kind === 'TABLE'
      ? sourceTableQuery(spec, text, engine.nextQueryNumber, properties)
      : undefined;
  checkLimit(execution, statement.name.span);
  const clock = `${engine.serviceId}millrace_clock`;
  await ensureTopic(engine, { name: clock, partitions: 1, replicas: undefined, config: {} }, 1, statement.name.span);
  return {
    id: `DATAGEN_${spec.name}_${engine.nextQueryNumber}`,
    kind: 'DATAGEN',
    statement: text,
    sources: [],
    sink: spec.name,
    plan: datagenPlan(spec, datagen, clock),
    paused: false,
    properties,
  };
}

/** The query behind CREATE SOURCE TABLE, which materialises the table and writes nothing. */
function sourceTableQuery(
  spec: SourceSpec,
  text: string,
  n: number,
  properties: QueryObject['properties'],
): QueryObject {
  const plan = sourceTablePlan(spec);
  return {
    id: `CST_${spec.name}_${n}`,
    kind: 'CST',
    statement: text,
    sources: [spec.name],
    sink: spec.name,
    plan,
    paused: false,
    properties,
  };
}
