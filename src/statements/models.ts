import { Properties } from '../bind/properties.ts';
import { resolveType } from '../bind/resolve-type.ts';
import { modelOptions, providers } from '../config/model-options.ts';
import { optionTable, type Option } from '../config/option.ts';
import type { ModelColumn, ModelObject, ModelVersion } from '../types/model.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import type { Span } from '../diagnostics/source.ts';
import { allSteps } from '../plan/physical/step.ts';
import type { PropertyNode } from '../syntax/query.ts';
import type { AlterModel, CreateModel, DropModel } from '../syntax/statements/models.ts';
import type { ColumnElement } from '../syntax/statements/create-source.ts';
import { closest } from '../util/closest.ts';
import { sameData } from '../util/same-data.ts';
import { currentStatus, warning, type Execution, type Handler, type HasRun } from './handler.ts';

/** Options of a model version; dashes and dots in names are underscores, and each value is checked. */
function readOptions(
  nodes: readonly PropertyNode[],
  inherited: Readonly<Record<string, string>>,
  span: Span,
): Record<string, string> {
  const named = nodes.map((node) => ({ ...node, name: node.name.replace(/[-.]/g, '_') }));
  const given = Object.fromEntries(named.map(({ name, value }) => [name, value]));
  const { check } = modelOptions.find('PROVIDER')!;
  const chosen = given['PROVIDER'] ?? inherited['PROVIDER'];
  if (chosen === undefined) throw new SqlError('PROPERTY_MISSING', span, { name: 'PROVIDER' });
  const provider = check(chosen) === undefined ? modelOptions.read('PROVIDER', { PROVIDER: chosen }) : undefined;
  const { own, needed } = providers[provider ?? 'ONNX'];
  const table = optionTable<readonly Option[]>(...modelOptions.options, ...own.options);
  // A provider that there is not is refused here, too.
  new Properties(named, table, span);
  const options: Record<string, string> = { ...inherited };
  for (const [name, value] of Object.entries(given)) options[name] = String(value);
  options['PROVIDER'] = provider!;
  for (const name of needed) if (options[name] === undefined) throw new SqlError('PROPERTY_MISSING', span, { name });
  return options;
}

const declared = (elements: readonly ColumnElement[], { engine }: Execution): ModelColumn[] =>
  elements.map(({ name, type }) => ({ name: name.text, type: resolveType(type, engine.catalog.types) }));

/** Loads a version where it may be validated; a model that cannot serve is refused and nothing is created. */
async function inspect(
  name: string,
  version: ModelVersion,
  columns: { input: readonly ModelColumn[]; output: readonly ModelColumn[] },
  span: Span,
  { engine }: Execution,
): Promise<typeof columns> {
  const isComplete = columns.input.length > 0 && columns.output.length > 0;
  if (!modelOptions.read('VALIDATE', version.options) && isComplete) return columns;
  if (engine.models === undefined)
    throw new SqlError('MODEL_INVALID', span, { model: name, why: 'this node runs no models', hint: undefined });
  try {
    return await engine.models.inspect(name, version, columns);
  } catch (error) {
    const { hint } = providers[modelOptions.read('PROVIDER', version.options)!];
    throw new SqlError('MODEL_INVALID', span, { model: name, why: (error as Error).message, hint });
  }
}

export const createModel: Handler<CreateModel> = async (statement, execution) => {
  const { engine, text, distribute } = execution;
  const name = statement.name.text;
  const existing = engine.catalog.models.get(name);
  if (existing !== undefined && statement.ifNotExists) return warning(text, `Model ${name} already exists.`);
  if (existing !== undefined && !statement.orReplace) throw new SqlError('MODEL_EXISTS', statement.name.span, { name });
  const options = readOptions(statement.properties, {}, statement.span);
  const version: ModelVersion = { version: (existing?.versions.at(-1)?.version ?? 0) + 1, options };
  const columns = await inspect(
    name,
    version,
    { input: declared(statement.input, execution), output: declared(statement.output, execution) },
    statement.span,
    execution,
  );
  if (existing !== undefined && !sameData([existing.input, existing.output], [columns.input, columns.output])) {
    throw new SqlError('REPLACE_REFUSED', statement.name.span, {
      name,
      why: 'its inputs or outputs differ: create another model',
    });
  }
  const model: ModelObject = {
    name,
    ...columns,
    comment: statement.comment,
    versions: [...(existing?.versions ?? []), version],
    defaultVersion: version.version,
    statement: text,
  };
  const number = await distribute({ v: 1, kind: 'putModel', model });
  return currentStatus(text, `model/${name}/create`, `Model ${name} version ${version.version} created.`, number);
};

export const alterModel: Handler<AlterModel> = async (statement, execution) => {
  const { engine, text, distribute } = execution;
  const name = statement.name.text;
  const model = engine.catalog.models.get(name);
  if (model === undefined) {
    if (statement.ifExists) return warning(text, `Model ${name} does not exist.`);
    throw new SqlError('MODEL_NOT_FOUND', statement.name.span, {
      name,
      suggestion: closest(name, engine.catalog.models.keys()),
    });
  }
  const versions = model.versions.map(({ version }) => version);
  const given =
    statement.version === undefined
      ? undefined
      : statement.version === 'LATEST'
        ? versions.at(-1)!
        : Number(statement.version);
  if (statement.action === 'SET DEFAULT VERSION') {
    if (given === undefined || !versions.includes(given))
      throw new SqlError('MODEL_VERSION_NOT_FOUND', statement.span, {
        model: name,
        version: statement.version ?? '',
        versions: versions.join(', '),
      });
    const number = await distribute({ v: 1, kind: 'putModel', model: { ...model, defaultVersion: given } });
    return currentStatus(text, `model/${name}/alter`, `Model ${name} now answers with version ${given}.`, number);
  }
  const next = given ?? versions.at(-1)! + 1;
  if (!Number.isInteger(next) || next <= versions.at(-1)!)
    throw new SqlError('MODEL_INVALID', statement.span, {
      model: name,
      why: `the next version is ${versions.at(-1)! + 1}`,
      hint: undefined,
    });
  // A version inherits the options of the one before; naming another provider starts afresh.
  const inherits = statement.properties.some(({ name: each }) => each === 'PROVIDER')
    ? {}
    : model.versions.at(-1)!.options;
  const version: ModelVersion = { version: next, options: readOptions(statement.properties, inherits, statement.span) };
  await inspect(name, version, { input: model.input, output: model.output }, statement.span, execution);
  const number = await distribute({
    v: 1,
    kind: 'putModel',
    model: { ...model, versions: [...model.versions, version] },
  });
  return currentStatus(text, `model/${name}/alter`, `Model ${name} version ${next} added.`, number);
};

/** A version without a number cannot be told from the one that an earlier start has added: a headless node's file names it. */
export const alterModelHasRun: HasRun<AlterModel> = ({ name, action, version, span }, { models }) => {
  const model = models.get(name.text);
  if (model === undefined) return false;
  const last = model.versions.at(-1)!.version;
  if (action === 'SET DEFAULT VERSION') return model.defaultVersion === (version === 'LATEST' ? last : Number(version));
  if (version === undefined)
    throw new SqlError('BAD_REQUEST', span, {
      why: 'ADD VERSION in a file of queries needs the number of the version, so that the next start does not add it again',
    });
  return Number(version) <= last;
};

export const dropModel: Handler<DropModel> = async (statement, { engine, text, distribute }) => {
  const name = statement.name.text;
  if (!engine.catalog.models.has(name)) {
    if (statement.ifExists) return warning(text, `Model ${name} does not exist.`);
    throw new SqlError('MODEL_NOT_FOUND', statement.name.span, {
      name,
      suggestion: closest(name, engine.catalog.models.keys()),
    });
  }
  const users = [...engine.catalog.queries.values()]
    .filter(({ plan }) => allSteps(plan.root).some((step) => step.op === 'invoke' && step.model === name))
    .map(({ id }) => id);
  if (users.length > 0) throw new SqlError('SOURCE_IN_USE', statement.name.span, { name, by: users.join(', ') });
  const number = await distribute({ v: 1, kind: 'dropModel', name });
  return currentStatus(text, `model/${name}/drop`, `Model ${name} was dropped.`, number);
};
