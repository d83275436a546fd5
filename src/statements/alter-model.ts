import { requireModel } from '../bind/context.ts';
import { changeableOptions } from '../config/provider-options.ts';
import type { Catalog, QueryObject } from '../catalog/catalog.ts';
import type { Span } from '../diagnostics/source.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import { allSteps, modelCall } from '../plan/physical/step.ts';
import type { AlterModel, DropModel, ModelChange, RouteShare } from '../syntax/statements/models.ts';
import type { ModelObject, ModelRoute, ModelVersion, RouteTarget } from '../types/model.ts';
import { slotCount, slotsFor } from '../types/model-route.ts';
import { findVersion, lastVersion, reservedAliases, shadowTopic, versionsOf } from '../types/model-versions.ts';
import { sameData } from '../util/same-data.ts';
import { currentStatus, warning, type Entity, type Execution, type Handler, type HasRun } from './handler.ts';
import { hintOf, inspect, noted, readOptions, withTakes } from './models.ts';

/** What a change of a model needs, and its answer. */
interface Altered {
  readonly model: ModelObject;
  readonly message: string;
  readonly noted?: (answer: Entity) => Entity;
}
type ChangeOf<A extends ModelChange['action']> = Extract<ModelChange, { readonly action: A }>;
interface Context {
  readonly model: ModelObject;
  readonly span: Span;
  readonly execution: Execution;
}
type Alteration<C> = (change: C, context: Context) => Altered | Promise<Altered>;

/** Finds the model of a statement; undefined when IF EXISTS allows that there is none. */
export const modelOf = (
  { name, ifExists }: Pick<AlterModel, 'name' | 'ifExists'>,
  { engine: { catalog } }: Execution,
): ModelObject | undefined => (ifExists ? catalog.models.get(name.text) : requireModel(catalog, name));

/** The number of the version that a statement names. */
export function requireVersion(model: ModelObject, wanted: string, span: Span): number {
  const version = findVersion(model, wanted);
  if (version === undefined)
    throw new SqlError('MODEL_VERSION_NOT_FOUND', span, {
      model: model.name,
      version: wanted,
      versions: versionsOf(model),
    });
  return version;
}

/** A version takes rows only when it can be loaded. */
async function requireReady(model: ModelObject, version: number, { span, execution }: Context): Promise<void> {
  try {
    await execution.engine.models?.ready(model.name, version);
  } catch (error) {
    throw new SqlError('MODEL_INVALID', span, {
      model: model.name,
      why: `version ${version} is not ready: ${(error as Error).message}`,
      hint: hintOf(model.versions.find((each) => each.version === version)!),
    });
  }
}

async function addVersion({ version, properties }: ChangeOf<'ADD VERSION'>, context: Context): Promise<Altered> {
  const { model, span, execution } = context;
  const next = lastVersion(model) + 1;
  const number = version === undefined ? next : Number(version);
  if (!Number.isInteger(number) || number < next)
    throw new SqlError('MODEL_INVALID', span, {
      model: model.name,
      why: `the next version is ${next}`,
      hint: undefined,
    });
  // A new version inherits the options of the previous one, unless it names another provider.
  const inherits = properties.some(({ name }) => name === 'PROVIDER') ? {} : model.versions.at(-1)!.options;
  const added: ModelVersion = { version: number, options: readOptions(properties, inherits, span) };
  const inspected = await inspect(model.name, added, { input: model.input, output: model.output }, span, execution);
  return {
    model: { ...model, versions: [...model.versions, withTakes(added, inspected)] },
    message: `Model ${model.name} version ${number} added.`,
    noted: (answer) => noted(answer, inspected),
  };
}

/** What still sends rows to a version, or names it. */
function usersOf(model: ModelObject, version: number, catalog: Catalog): string[] {
  const aliases = Object.entries(model.aliases ?? {}).filter(([, named]) => named === version);
  return [
    ...(model.defaultVersion === version ? ['it is the default version'] : []),
    ...(model.route?.targets.some((target) => target.version === version) === true
      ? ['the route sends rows to it']
      : []),
    ...(model.route?.shadows?.some((target) => target.version === version) === true
      ? ['it is a shadow of the route']
      : []),
    ...aliases.map(([alias]) => `the alias ${alias} stands for it`),
    ...invokersOf(model.name, catalog.queries, (named) => named === version).map((id) => `query ${id} names it`),
    ...catalog
      .servicesCalling(model.name, (named) => named === version)
      .map((name) => `feature service ${name} names it`),
  ];
}
const invokersOf = (
  model: string,
  queries: ReadonlyMap<string, QueryObject>,
  names: (version: number | string | undefined) => boolean,
): string[] =>
  [...queries.values()]
    .filter(({ plan }) =>
      allSteps(plan.root).some((step) => {
        const call = modelCall(step);
        return call?.model === model && names(call.version);
      }),
    )
    .map(({ id }) => id);

function dropVersion({ version: wanted }: ChangeOf<'DROP VERSION'>, { model, span, execution }: Context): Altered {
  const version = requireVersion(model, wanted, span);
  const users = usersOf(model, version, execution.engine.catalog);
  if (users.length > 0)
    throw new SqlError('MODEL_VERSION_IN_USE', span, { model: model.name, version, why: users.join('; ') });
  return {
    model: {
      ...model,
      versions: model.versions.filter((each) => each.version !== version),
      lastVersion: lastVersion(model),
    },
    message: `Model ${model.name} version ${version} was dropped.`,
  };
}

async function setDefault({ version: wanted }: ChangeOf<'SET DEFAULT VERSION'>, context: Context): Promise<Altered> {
  const { model, span } = context;
  const version = requireVersion(model, wanted, span);
  await requireReady(model, version, context);
  return {
    model: { ...model, defaultVersion: version },
    message: `Model ${model.name} now answers with version ${version}.`,
  };
}

async function setAlias({ alias, version: wanted }: ChangeOf<'SET ALIAS'>, context: Context): Promise<Altered> {
  const { model, span } = context;
  const name = alias.text.toUpperCase();
  if (reservedAliases.includes(name) || /^\d+$/.test(name))
    throw new SqlError('MODEL_INVALID', alias.span, {
      model: model.name,
      why: `${name} can be no alias`,
      hint: undefined,
    });
  const version = requireVersion(model, wanted, span);
  await requireReady(model, version, context);
  return {
    model: { ...model, aliases: { ...model.aliases, [name]: version } },
    message: `Model ${model.name} alias ${name} now is version ${version}.`,
  };
}

function dropAlias({ alias }: ChangeOf<'DROP ALIAS'>, { model, execution }: Context): Altered {
  const name = alias.text.toUpperCase();
  const { [name]: version, ...aliases } = model.aliases ?? {};
  if (version === undefined)
    throw new SqlError('MODEL_VERSION_NOT_FOUND', alias.span, {
      model: model.name,
      version: name,
      versions: versionsOf(model),
    });
  const { catalog } = execution.engine;
  const users = [
    ...invokersOf(model.name, catalog.queries, (named) => named === name),
    ...catalog.servicesCalling(model.name, (named) => named === name),
  ];
  if (users.length > 0)
    throw new SqlError('SOURCE_IN_USE', alias.span, { name, by: users.join(', '), cascades: false });
  return { model: { ...model, aliases }, message: `Model ${model.name} alias ${name} was dropped.` };
}

/** The hundredths of a percent that a text says; undefined when it is none. */
function hundredths(percent: string): number | undefined {
  const match = /^(\d{1,3})(?:\.(\d{0,2}))?$/.exec(percent);
  const value = match === null ? NaN : Number(match[1]) * 100 + Number((match[2] ?? '').padEnd(2, '0'));
  return value <= slotCount ? value : undefined;
}
const mostTargets = 5;

/** Versions of a route with their shares; each version once. */
function sharesOf(shares: readonly RouteShare[], what: string, model: ModelObject): RouteTarget[] {
  const targets: RouteTarget[] = [];
  for (const { version: wanted, percent, span } of shares) {
    const version = requireVersion(model, wanted, span);
    const slots = hundredths(percent);
    if (slots === undefined) {
      const why = `${what} ${percent}: it is of 0 to 100, with two decimals at most`;
      throw new SqlError('ROUTE_INVALID', span, { model: model.name, why });
    }
    if (targets.some((target) => target.version === version))
      throw new SqlError('ROUTE_INVALID', span, { model: model.name, why: `version ${version} is there twice` });
    targets.push({ version, slots });
  }
  return targets;
}

/** The route that a statement asks for. A seed that it does not tell stays, so that keys keep their slots. */
function routeOf(
  { seed, targets: shares, shadows }: ChangeOf<'SET ROUTE'>,
  model: ModelObject,
  span: Span,
): ModelRoute {
  const refuse = (why: string): never => {
    throw new SqlError('ROUTE_INVALID', span, { model: model.name, why });
  };
  const targets = sharesOf(shares, 'WEIGHT', model);
  if (targets.length > mostTargets) refuse(`it has ${targets.length} versions, and ${mostTargets} is the most`);
  const sum = targets.reduce((total, { slots }) => total + slots, 0);
  if (sum !== slotCount) refuse(`its weights add up to ${sum / 100}, not to 100`);
  return {
    seed: seed ?? model.route?.seed ?? model.name,
    targets,
    slots: slotsFor(model.route?.slots ?? [], targets),
    ...(shadows.length === 0 ? {} : { shadows: sharesOf(shadows, 'SAMPLE', model) }),
  };
}

async function setRoute(change: ChangeOf<'SET ROUTE'>, context: Context): Promise<Altered> {
  const { model, span } = context;
  const route = routeOf(change, model, span);
  for (const { version, slots } of route.targets) if (slots > 0) await requireReady(model, version, context);
  const share = ({ version, slots }: RouteTarget): string => `version ${version} ${slots / 100} %`;
  const { shadows = [] } = route;
  // Nothing waits for a shadow: one that is not ready is only told of.
  const warnings: { message: string }[] = [];
  for (const { version } of shadows)
    await requireReady(model, version, context).catch((error: unknown) =>
      warnings.push({ message: `${(error as Error).message}; until it is, its calls fail` }),
    );
  const { node } = context.execution.engine;
  const topic = shadowTopic(model.name);
  if (shadows.length > 0 && (await node.describeTopic(topic)) === undefined)
    await node.createTopic(topic, { partitions: 1, replicas: undefined, config: {} });
  const shadowed = shadows.length === 0 ? '' : `; shadows: ${shadows.map(share).join(', ')}`;
  return {
    model: { ...model, route },
    message: `Model ${model.name} routes to ${route.targets.map(share).join(', ')}${shadowed}.`,
    noted: (answer) => ({ ...answer, warnings }),
  };
}

function dropRoute(_change: ChangeOf<'DROP ROUTE'>, { model }: Context): Altered {
  const { route: _route, ...rest } = model;
  return { model: rest, message: `Model ${model.name} has no route.` };
}

/** The option that a statement names, if a model that is at work may change it: what it is, is another version's to say. */
function optionOfCalls(name: string, span: Span, model: ModelObject): string {
  const option = name.replace(/[-.]/g, '_');
  if (!changeableOptions.includes(option))
    throw new SqlError('MODEL_INVALID', span, {
      model: model.name,
      why: `${name} is no option of how a version is called`,
      hint: `ALTER MODEL ${model.name} ADD VERSION WITH (…) makes another version; of one that is there these may change: ${changeableOptions.join(', ')}.`,
    });
  return option;
}

/** The model whose default version has other options. */
async function withOptions(options: ModelVersion['options'], { model, span, execution }: Context): Promise<Altered> {
  const changed: ModelVersion = { version: model.defaultVersion, options };
  const inspected = await inspect(model.name, changed, { input: model.input, output: model.output }, span, execution);
  return {
    model: {
      ...model,
      versions: model.versions.map((each) => (each.version === changed.version ? withTakes(changed, inspected) : each)),
    },
    message: `Model ${model.name} version ${changed.version} is called with other options.`,
    noted: (answer) => noted(answer, inspected),
  };
}
const defaultOptions = (model: ModelObject): ModelVersion['options'] =>
  model.versions.find(({ version }) => version === model.defaultVersion)!.options;

function setOptions({ properties }: ChangeOf<'SET OPTIONS'>, context: Context): Promise<Altered> {
  const { model, span } = context;
  for (const property of properties) optionOfCalls(property.name, property.span, model);
  return withOptions(readOptions(properties, defaultOptions(model), span), context);
}

function resetOptions({ options }: ChangeOf<'RESET OPTIONS'>, context: Context): Promise<Altered> {
  const { model } = context;
  const names = options.map(({ text, span }) => optionOfCalls(text, span, model));
  const left = Object.entries(defaultOptions(model)).filter(([name]) => !names.includes(name));
  return withOptions(Object.fromEntries(left), context);
}

const alterations: { readonly [A in ModelChange['action']]: Alteration<ChangeOf<A>> } = {
  'ADD VERSION': addVersion,
  'DROP VERSION': dropVersion,
  'SET DEFAULT VERSION': setDefault,
  'SET ALIAS': setAlias,
  'DROP ALIAS': dropAlias,
  'SET ROUTE': setRoute,
  'DROP ROUTE': dropRoute,
  'SET OPTIONS': setOptions,
  'RESET OPTIONS': resetOptions,
};

async function alter(change: ModelChange, context: Context, commandId: string): Promise<Entity> {
  const { text, distribute } = context.execution;
  const run = alterations[change.action] as Alteration<ModelChange>;
  const { model, message, noted: withNotes } = await run(change, context);
  const number = await distribute({ v: 2, kind: 'putModel', model });
  const answer = currentStatus(text, commandId, message, number);
  return withNotes?.(answer) ?? answer;
}

export const alterModel: Handler<AlterModel> = (statement, execution) => {
  const { change, name, span } = statement;
  const model = modelOf(statement, execution);
  if (model === undefined) return Promise.resolve(warning(execution.text, `Model ${name.text} does not exist.`));
  return alter(change, { model, span, execution }, `model/${model.name}/alter`);
};

/** DROP MODEL … VERSION. */
export const dropModelVersion = (
  version: string,
  model: ModelObject,
  { span }: DropModel,
  execution: Execution,
): Promise<Entity> =>
  alter({ action: 'DROP VERSION', version }, { model, span, execution }, `model/${model.name}/drop`);

/** Without a VERSION, a headless node could not tell whether an earlier start has added it, so the file must give one. */
export const alterModelHasRun: HasRun<AlterModel> = ({ name, change, span }, { models }) => {
  const model = models.get(name.text);
  if (model === undefined) return false;
  switch (change.action) {
    case 'SET DEFAULT VERSION':
      return model.defaultVersion === findVersion(model, change.version);
    case 'SET ALIAS':
      return model.aliases?.[change.alias.text.toUpperCase()] === findVersion(model, change.version);
    case 'DROP ALIAS':
      return model.aliases?.[change.alias.text.toUpperCase()] === undefined;
    case 'DROP VERSION':
      return findVersion(model, change.version) === undefined;
    case 'DROP ROUTE':
      return model.route === undefined;
    case 'SET ROUTE': {
      const { seed, targets, shadows } = routeOf(change, model, span);
      return sameData([seed, targets, shadows], [model.route?.seed, model.route?.targets, model.route?.shadows]);
    }
    case 'SET OPTIONS':
      return sameData(readOptions(change.properties, defaultOptions(model), span), defaultOptions(model));
    case 'RESET OPTIONS':
      return change.options.every(
        (option) => defaultOptions(model)[optionOfCalls(option.text, option.span, model)] === undefined,
      );
    case 'ADD VERSION':
      if (change.version === undefined)
        throw new SqlError('BAD_REQUEST', span, {
          why: 'ADD VERSION in a file of queries needs the number of the version, so that the next start does not add it again',
        });
      return Number(change.version) <= lastVersion(model);
  }
};
