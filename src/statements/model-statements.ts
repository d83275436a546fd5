import { isSecretOption } from '../extensions/providers.ts';
import { printName, printString } from '../syntax/print.ts';
import type { ModelColumn, ModelObject, ModelRoute, ModelVersion } from '../types/model.ts';
import { typeText } from '../types/sql-type.ts';

/** The statements that make a model as it is, in their order. */
export function statementsOfModel(model: ModelObject): string[] {
  const { versions, defaultVersion, aliases = {}, route, input, output, comment } = model;
  const named = printName(model.name);
  const first = versions[0]!;
  const alter = (change: string): string => `ALTER MODEL ${named} ${change};`;
  // CREATE MODEL makes version 1. Where that was dropped it is dropped here too, when another one is the default.
  const isThere = first.version === 1;
  const added = isThere ? versions.slice(1) : versions;
  return [
    `CREATE MODEL ${named} INPUT (${columnList(input)}) OUTPUT (${columnList(output)})` +
      `${comment === undefined ? '' : ` COMMENT ${printString(comment)}`} ${withOptions(first)};`,
    ...added.map((version) => alter(`ADD VERSION ${version.version} ${withOptions(version)}`)),
    ...(defaultVersion === 1 ? [] : [alter(`SET DEFAULT VERSION ${defaultVersion}`)]),
    ...(isThere ? [] : [alter('DROP VERSION 1')]),
    ...Object.entries(aliases).map(([alias, version]) => alter(`SET ALIAS ${printName(alias)} TO VERSION ${version}`)),
    ...(route === undefined ? [] : [alter(routeClause(route))]),
  ];
}

const columnList = (columns: readonly ModelColumn[]): string =>
  columns.map(({ name, type }) => `${printName(name)} ${typeText(type)}`).join(', ');

/** PROVIDER stands first: with it a version inherits nothing. The values of secret options are not shown. */
function withOptions({ options }: ModelVersion): string {
  const { PROVIDER: provider, ...rest } = options;
  const all = Object.entries({ PROVIDER: provider!, ...rest });
  const shown = all.map(([name, value]) => `${name}=${printString(isSecretOption(name) ? '[hidden]' : value)}`);
  return `WITH (${shown.join(', ')})`;
}

function routeClause({ seed, targets, shadows = [] }: ModelRoute): string {
  const share = (word: string) => (target: (typeof targets)[number]) =>
    `VERSION ${target.version} ${word} ${target.slots / 100}`;
  const shadowed = shadows.length === 0 ? '' : ` SHADOW ${shadows.map(share('SAMPLE')).join(', ')}`;
  return `SET ROUTE SEED ${printString(seed)} TO ${targets.map(share('WEIGHT')).join(', ')}${shadowed}`;
}
