import { Properties } from '../bind/properties.ts';
import { resolveType } from '../bind/resolve-type.ts';
import { modelOptions } from '../config/model-options.ts';
import { optionTable, type Option } from '../config/option.ts';
import { providerNamed, providerNames } from '../extensions/providers.ts';
import type { ModelColumn, ModelObject, ModelVersion } from '../types/model.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import type { Span } from '../diagnostics/source.ts';
import type { PropertyNode } from '../syntax/query.ts';
import type { CreateModel } from '../syntax/statements/models.ts';
import type { ColumnElement } from '../syntax/statements/create-source.ts';
import type { InspectedModel } from '../runtime/ports/model-registry.ts';
import { sameData } from '../util/same-data.ts';
import { lastVersion } from '../types/model-versions.ts';
import { currentStatus, warning, type Entity, type Execution, type Handler } from './handler.ts';

/** The options of a model version, checked; `-` and `.` in names become `_`. */
export function readOptions(
  nodes: readonly PropertyNode[],
  inherited: Readonly<Record<string, string>>,
  span: Span,
): Record<string, string> {
  const named = nodes.map((node) => ({
    ...node,
    name: node.name.replace(/[-.]/g, '_'),
  }));
  const values = Object.fromEntries(named.map(({ name, value }) => [name, value]));
  const chosen = values['PROVIDER'] ?? inherited['PROVIDER'];
  if (chosen === undefined) throw new SqlError('PROPERTY_MISSING', span, { name: 'PROVIDER' });
  const name = modelOptions.read('PROVIDER', { PROVIDER: chosen });
  const provider = name === undefined ? undefined : providerNamed(name);
  if (provider === undefined)
    throw new SqlError('INVALID_PROPERTY_VALUE', named.find((node) => node.name === 'PROVIDER')?.span ?? span, {
      name: 'PROVIDER',
      value: typeof chosen === 'string' ? `'${chosen}'` : String(chosen),
      why: `it must be ${providerNames()
        .join(', ')
        .replace(/, ([^,]*)$/, ' or $1')}`,
    });
  const { own, needed } = provider;
  const table = optionTable<readonly Option[]>(...modelOptions.options, ...own.options);
  // Throws for invalid options.
  new Properties(named, table, span);
  const options: Record<string, string> = { ...inherited };
  for (const [option, value] of Object.entries(values)) options[option] = String(value);
  options['PROVIDER'] = name!;
  for (const option of needed)
    if (options[option] === undefined) throw new SqlError('PROPERTY_MISSING', span, { name: option });
  return options;
}

/** The hint of the error when a version cannot be loaded. */
export const hintOf = ({ options }: ModelVersion): string | undefined =>
  providerNamed(modelOptions.read('PROVIDER', options)!)?.hint;

const declared = (elements: readonly ColumnElement[], { engine }: Execution): ModelColumn[] =>
  elements.map(({ name, type }) => ({
    name: name.text,
    type: resolveType(type, engine.catalog.types),
  }));

/** Loads a version to validate it, unless VALIDATE is off; a model that cannot be loaded is refused. */
export async function inspect(
  name: string,
  version: ModelVersion,
  columns: { input: readonly ModelColumn[]; output: readonly ModelColumn[] },
  span: Span,
  { engine }: Execution,
): Promise<InspectedModel> {
  const isComplete = columns.input.length > 0 && columns.output.length > 0;
  if (engine.models === undefined) {
    if (!modelOptions.read('VALIDATE', version.options) && isComplete)
      return { ...columns, takes: undefined, notes: [] };
    throw new SqlError('MODEL_INVALID', span, {
      model: name,
      why: 'this node runs no models',
      hint: undefined,
    });
  }
  try {
    return await engine.models.inspect(name, version, columns);
  } catch (error) {
    const { message, hint = hintOf(version) } = error as Error & {
      readonly hint?: string;
    };
    throw new SqlError('MODEL_INVALID', span, { model: name, why: message, hint });
  }
}

/** The version with what its outputs are, and what it was found by. */
export function withTakes(version: ModelVersion, { takes, pinned }: InspectedModel): ModelVersion {
  const options = { ...version.options, ...pinned };
  return takes === undefined ? { ...version, options } : { ...version, options, takes };
}
/** The answer with the notes of what was found. */
export const noted = (answer: Entity, { notes }: InspectedModel): Entity => ({
  ...answer,
  warnings: notes.map((message) => ({ message })),
});

export const createModel: Handler<CreateModel> = async (statement, execution) => {
  const { engine, text, distribute } = execution;
  const name = statement.name.text;
  const existing = engine.catalog.models.get(name);
  if (existing !== undefined && statement.ifNotExists) return warning(text, `Model ${name} already exists.`);
  if (existing !== undefined && !statement.orReplace) throw new SqlError('MODEL_EXISTS', statement.name.span, { name });
  const options = readOptions(statement.properties, {}, statement.span);
  const version: ModelVersion = {
    version: (existing === undefined ? 0 : lastVersion(existing)) + 1,
    options,
  };
  const inspected = await inspect(
    name,
    version,
    {
      input: declared(statement.input, execution),
      output: declared(statement.output, execution),
    },
    statement.span,
    execution,
  );
  const columns = { input: inspected.input, output: inspected.output };
  if (existing !== undefined && !sameData([existing.input, existing.output], [columns.input, columns.output])) {
    throw new SqlError('REPLACE_REFUSED', statement.name.span, {
      name,
      why: 'its inputs or outputs differ: create another model',
    });
  }
  const model: ModelObject = {
    ...existing,
    name,
    ...columns,
    comment: statement.comment,
    versions: [...(existing?.versions ?? []), withTakes(version, inspected)],
    defaultVersion: version.version,
    statement: text,
  };
  const number = await distribute({ v: 2, kind: 'putModel', model });
  return noted(
    currentStatus(text, `model/${name}/create`, `Model ${name} version ${version.version} created.`, number),
    inspected,
  );
};
