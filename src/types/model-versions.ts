import type { ModelObject } from './model.ts';

/** Names of versions that no alias can be. */
export const reservedAliases: readonly string[] = ['DEFAULT', 'LATEST'];

/** The version of a model that a number, an alias, DEFAULT or LATEST stands for; undefined when there is none. */
export function findVersion(
  { versions, defaultVersion, aliases = {} }: ModelObject,
  wanted: string,
): number | undefined {
  if (/^\d+$/.test(wanted)) return versions.find(({ version }) => version === Number(wanted))?.version;
  const name = wanted.toUpperCase();
  if (name === 'DEFAULT') return defaultVersion;
  if (name === 'LATEST') return versions.at(-1)!.version;
  return Object.hasOwn(aliases, name) ? aliases[name] : undefined;
}

/** The versions that a model has, with its aliases, as text. */
export const versionsOf = ({ versions, aliases = {} }: ModelObject): string =>
  [...versions.map(({ version }) => version), ...Object.keys(aliases)].join(', ');

/** The versions that rows are sent to where no version is named. */
export const servedVersions = ({ defaultVersion, route }: ModelObject): readonly number[] => [
  ...new Set([defaultVersion, ...(route?.slots ?? []).map(({ version }) => version)]),
];

/** The greatest number that a version of the model has had. */
export const lastVersion = ({ versions, lastVersion: known = 0 }: ModelObject): number =>
  Math.max(known, versions.at(-1)!.version);

/** The topic with what shadows of a model answered. */
export const shadowTopic = (model: string): string => `${model.replace(/[^\w.-]/g, '_')}_shadow`;
