import { checkName } from '../analysis/create-source.ts';
import { requireFeatureService } from '../bind/context.ts';
import { bindFeatureService } from '../bind/feature-service.ts';
import { Properties } from '../bind/properties.ts';
import type { FeatureService } from '../catalog/catalog.ts';
import { versionName, versionOf, viewOfName } from '../catalog/version-names.ts';
import { pendingVersions } from '../catalog/view-versions.ts';
import { optionTable } from '../config/option.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import type { Engine } from '../engine/engine.ts';
import { printExpr } from '../expressions/print.ts';
import type { Name } from '../syntax/expressions.ts';
import type { CreateFeatureService, DropFeatureService } from '../syntax/statements/feature-services.ts';
import { currentStatus, entity, warning, type Entity, type Handler } from './handler.ts';
import { schemaInfo } from './schema-info.ts';
import { catalogued, catalogueOptions } from './view-options.ts';
import { lackOf } from './view-versions.ts';

/** CREATE FEATURE SERVICE: what /get-online-features gives where it is asked for the service. */
export const createFeatureService: Handler<CreateFeatureService> = async (statement, execution) => {
  const { engine, session, text, distribute } = execution;
  const { name, comment, span } = statement;
  const exists = engine.catalog.featureServices.has(name.text);
  if (exists && statement.ifNotExists)
    return warning(
      text,
      `Cannot add feature service \`${name.text}\`: A feature service with the same name already exists.`,
    );
  if (exists && !statement.orReplace) throw new SqlError('FEATURE_SERVICE_EXISTS', name.span, { name: name.text });
  if (statement.orReplace && !session.read('ksql.create.or.replace.enabled'))
    throw new SqlError('REPLACE_REFUSED', span, { name: name.text, why: 'OR REPLACE is switched off' });
  checkName(name);
  const properties = new Properties(statement.properties, serviceOptions, span);
  const service: FeatureService = {
    name: name.text,
    statement: text,
    comment,
    options: catalogued(properties),
    ...bindFeatureService(statement, engine.catalog),
  };
  checkPending(service, engine, name);
  const number = await distribute({ v: 2, kind: 'putFeatureService', service });
  return currentStatus(
    text,
    `feature_service/${name.text}/create`,
    `Feature service ${name.text} was ${exists ? 'replaced' : 'created'}.`,
    number,
  );
};

/** A version that is to be live must have what the service reads by the view's name. */
function checkPending(service: FeatureService, { catalog }: Engine, { text, span }: Name): void {
  for (const { spec, featureView } of pendingVersions(catalog)) {
    const view = viewOfName(spec.name);
    const lack = lackOf(service, view, spec.schema, featureView!.options['ONLINE_STORE'] === 'none');
    if (lack === undefined) continue;
    throw new SqlError('FEATURE_SERVICE_INVALID', span, {
      service: text,
      why: `version ${versionOf(featureView!)} of ${view} is to be live, and the service ${lack}`,
      hint: `Name the version that it is to read: ${versionName(view, versionOf(catalog.sources.get(view)!.featureView!))}.feature.`,
    });
  }
}

const serviceOptions = optionTable(...catalogueOptions);

export const dropFeatureService: Handler<DropFeatureService> = async (
  { name, ifExists },
  { engine, text, distribute },
) => {
  if (ifExists && !engine.catalog.featureServices.has(name.text))
    return warning(text, `Feature service ${name.text} does not exist.`);
  requireFeatureService(engine.catalog, name);
  const number = await distribute({ v: 1, kind: 'dropFeatureService', name: name.text });
  return currentStatus(text, `feature_service/${name.text}/drop`, `Feature service ${name.text} was dropped.`, number);
};

const entitiesOf = ({ catalog: { sources } }: Engine, { views }: FeatureService) => {
  const columns = views.flatMap(({ name }) => {
    const { spec, featureView } = sources.get(name)!;
    return featureView!.entityKey.map((key) => spec.schema.find((column) => column.name === key)!);
  });
  return [...new Map(columns.map((column) => [column.name, column])).values()];
};

const modelsOf = ({ invokes = [] }: FeatureService): string[] => [...new Set(invokes.map(({ model }) => model))];

/** What SHOW FEATURE SERVICES tells. */
export const listServices = (engine: Engine): Record<string, unknown>[] =>
  [...engine.catalog.featureServices.values()].map((service) => ({
    name: service.name,
    entities: entitiesOf(engine, service).map(({ name }) => name),
    request: service.request.map(({ name }) => name),
    views: service.views.map(({ name }) => name),
    models: modelsOf(service),
    features: service.features.map(({ name }) => name),
    owner: service.options['OWNER'] ?? null,
    tags: service.options['TAGS'] ?? null,
    comment: service.comment ?? null,
  }));

/** DESCRIBE FEATURE SERVICE: what a request must bring, and what it is answered. */
export function describeService(name: Name, engine: Engine, text: string): Entity {
  const service = requireFeatureService(engine.catalog, name);
  const columns = (list: FeatureService['request']): unknown[] =>
    list.map((column) => ({ name: column.name, schema: schemaInfo(column.type) }));
  return entity('feature_service_description', text, {
    name: service.name,
    entities: columns(entitiesOf(engine, service)),
    request: columns(service.request),
    models: modelsOf(service),
    features: service.features.map((feature) => ({
      name: feature.name,
      schema: schemaInfo(feature.type),
      from: feature.view === undefined ? printExpr(feature.expr) : `${feature.view}.${printExpr(feature.expr)}`,
    })),
    options: service.options,
    comment: service.comment ?? null,
    statement: service.statement,
  });
}
