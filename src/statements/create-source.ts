import { declareSource, rolesToInfer } from '../analysis/create-source.ts';
import { upgradedPlan } from '../plan/physical/upgrade.ts';
import { planCreateAs } from '../analysis/persistent.ts';
import { checkName } from '../analysis/create-source.ts';
import type { QueryObject, SourceObject } from '../catalog/catalog.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import { column } from '../expressions/node.ts';
import { project, source as sourceNode } from '../plan/logical/build.ts';
import { persistentOptions, physicalPlan, sinkOf, sourceDefaults } from '../engine/plan-query.ts';
import type { CreateSource } from '../syntax/statements/create-source.ts';
import { schemaText } from '../types/schema.ts';
import { sameData } from '../util/same-data.ts';
import { currentStatus, warning, type Execution, type Handler } from './handler.ts';
import { checkCoPartitioning } from './check-co-partitioning.ts';
import { inferColumns, withSchemas } from './schemas.ts';
import { ensureTopic } from './topics.ts';

export const createSource: Handler<CreateSource> = async (statement, execution) => {
  const { engine, session, text } = execution;
  const name = statement.name.text;
  const existing = engine.catalog.sources.get(name);
  const kind = statement.sourceKind.toLowerCase();
  if (existing !== undefined && statement.ifNotExists)
    return warning(
      text,
      `Cannot add ${kind} \`${name}\`: A ${existing.spec.kind.toLowerCase()} with the same name already exists.`,
    );
  if (existing !== undefined && !statement.orReplace)
    throw new SqlError('SOURCE_EXISTS', statement.name.span, { kind: existing.spec.kind.toLowerCase(), name });
  if (statement.orReplace && !session.read('ksql.create.or.replace.enabled'))
    throw new SqlError('REPLACE_REFUSED', statement.span, { name, why: 'OR REPLACE is switched off' });
  if (statement.orReplace && statement.readOnly)
    throw new SqlError('REPLACE_REFUSED', statement.span, { name, why: 'SOURCE objects cannot be replaced' });
  checkName(statement.name);
  return statement.query === undefined
    ? declare(statement, existing, execution)
    : createAs(statement, existing, execution);
};

async function declare(
  statement: CreateSource,
  existing: SourceObject | undefined,
  { engine, session, text, distribute }: Execution,
): ReturnType<Handler<CreateSource>> {
  const defaults = sourceDefaults(session);
  const inferred = await inferColumns(rolesToInfer(statement, defaults), engine);
  const declared = declareSource(statement, engine.catalog, defaults, inferred);
  const { spec } = declared;
  if (existing !== undefined) checkReplacement(existing, spec, statement);
  const config = {
    ...(spec.kind === 'TABLE' ? { 'cleanup.policy': spec.window === undefined ? 'compact' : 'compact,delete' } : {}),
    ...(declared.retentionMs === undefined ? {} : { 'retention.ms': String(declared.retentionMs) }),
  };
  const partitions = await ensureTopic(
    engine,
    { name: spec.topic, partitions: declared.partitions, replicas: declared.replicas, config },
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
  const node = sourceNode(spec, spec.name, '');
  const columns = node.columns.slice(0, spec.schema.length);
  const plan = physicalPlan(
    project(
      node,
      [...columns, ...node.columns.filter(({ name }) => name === 'ROWTIME')].map(({ name, type, role }) => ({
        name,
        expr: column(name, type),
        role,
      })),
    ),
    undefined,
  );
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

async function createAs(
  statement: CreateSource,
  existing: SourceObject | undefined,
  execution: Execution,
): ReturnType<Handler<CreateSource>> {
  const { engine, session, text, distribute } = execution;
  if (statement.readOnly) throw new SqlError('NOT_SUPPORTED_YET', statement.span, { what: 'SOURCE with AS SELECT' });
  const name = statement.name.text;
  const target = { kind: statement.sourceKind, name, properties: statement.properties, span: statement.span };
  const planned = planCreateAs(target, statement.query!, engine.catalog, persistentOptions(session));
  checkCoPartitioning(statement.query!, planned.plan);
  const windowed = planned.sink.window !== undefined;
  const retention = planned.retentionMs;
  const config: Record<string, string> =
    statement.sourceKind === 'STREAM' ? {} : { 'cleanup.policy': windowed ? 'compact,delete' : 'compact' };
  if (retention !== undefined) config['retention.ms'] = String(retention);
  const replaced = existing && replacedQuery(existing, planned.sink, statement, engine);
  const wanted = statement.properties.some((property) => property.name === 'PARTITIONS')
    ? planned.sink.partitions
    : undefined;
  const partitions = await ensureTopic(
    engine,
    { name: planned.sink.topic, partitions: wanted, replicas: planned.replicas, config },
    planned.sink.partitions,
    statement.name.span,
  );
  const spec = await withSchemas({ ...planned.sink, partitions }, engine, true, statement.name.span);
  const kind = statement.sourceKind === 'STREAM' ? 'CSAS' : 'CTAS';
  const id = replaced?.id ?? `${kind}_${name}_${engine.nextQueryNumber}`;
  const fresh = physicalPlan(planned.plan, sinkOf({ ...planned, sink: spec }));
  const plan = replaced === undefined ? fresh : upgradedPlan(replaced.plan, fresh);
  if ('why' in plan) throw new SqlError('REPLACE_REFUSED', statement.name.span, { name, why: plan.why });
  const query: QueryObject = {
    id,
    kind,
    statement: text,
    sources: planned.analyzed.sources,
    sink: name,
    plan,
    paused: false,
    properties: session.overrides(),
  };
  const source: SourceObject = { spec, statement: text, readOnly: false, createdBy: id, featureView: undefined };
  const number = await distribute({ v: 1, kind: 'createSource', source, query });
  return currentStatus(
    text,
    `${statement.sourceKind.toLowerCase()}/\`${name}\`/create`,
    replaced === undefined ? `Created query with ID ${id}` : `Replaced query with ID ${id}`,
    number,
    id,
  );
}

/** The query that OR REPLACE gives another plan: its result may only get more columns. */
function replacedQuery(
  existing: SourceObject,
  sink: SourceObject['spec'],
  statement: CreateSource,
  engine: Execution['engine'],
): QueryObject {
  const query = existing.createdBy === undefined ? undefined : engine.catalog.queries.get(existing.createdBy);
  if (query === undefined)
    throw new SqlError('REPLACE_REFUSED', statement.name.span, {
      name: existing.spec.name,
      why: 'no query fills it, and one cannot begin to',
    });
  checkReplacement({ ...existing, createdBy: undefined }, sink, statement);
  return query;
}

const unregistered = ({ schema: _schema, ...format }: SourceObject['spec']['keyFormat']): object => format;

/** ksqlDB's rules for replacing a source: the same topic and key, and value columns only appended. */
function checkReplacement(existing: SourceObject, spec: SourceObject['spec'], statement: CreateSource): void {
  const refuse = (why: string): never => {
    throw new SqlError('REPLACE_REFUSED', statement.name.span, { name: spec.name, why });
  };
  const old = existing.spec;
  if (existing.readOnly) refuse('SOURCE objects cannot be replaced');
  if (existing.createdBy !== undefined) refuse('it is filled by a query');
  if (old.kind !== spec.kind) refuse(`it is a ${old.kind.toLowerCase()}`);
  if (old.topic !== spec.topic) refuse(`its topic is ${old.topic}`);
  if (
    !sameData(
      [unregistered(old.keyFormat), unregistered(old.valueFormat), old.window],
      [unregistered(spec.keyFormat), unregistered(spec.valueFormat), spec.window],
    )
  )
    refuse('its formats differ');
  if (!sameData(old.timestamp, spec.timestamp)) refuse('its timestamp column differs');
  const role = (schema: typeof spec.schema, isKey: boolean): string[] =>
    schema.filter((each) => (each.role === 'key') === isKey).map((each) => schemaText([each]));
  if (role(old.schema, true).join() !== role(spec.schema, true).join())
    refuse('its key columns are changed, missing or reordered');
  const [before, after] = [role(old.schema, false), role(spec.schema, false)];
  const changed = before.filter((each, i) => after[i] !== each);
  if (changed.length > 0) refuse(`these columns are changed, missing or reordered: ${changed.join(', ')}`);
}
