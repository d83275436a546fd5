import type { Engine } from './engine.ts';
import { findView, type OnlineRequest } from './online-features.ts';
import { refuseRequest } from './online-lookup.ts';

/** What a GET asks for, of one entity and with the features by name. */
interface OneEntity extends OnlineRequest {
  readonly features: readonly string[];
}

const isNamed = (name: string) => (other: string) => other.toUpperCase() === name.toUpperCase();

/**
 * The request of one entity that a URL asks for: `entity` is the value of the one entity column that no parameter names. Beside the
 * entity columns there may be the parameters `features` and `full_feature_names`.
 */
export function oneEntity(
  view: string,
  entity: string | undefined,
  parameters: URLSearchParams,
  engine: Engine,
): OneEntity {
  const { spec, featureView } = findView(view, engine);
  const keys = featureView!.entityKey;
  const typeOf = (name: string): string => spec.schema.find((column) => column.name === name)!.type.kind;
  const entities: Record<string, readonly unknown[]> = {};
  const options = new Map<string, string>();
  for (const name of new Set(parameters.keys())) {
    const [value = '', ...more] = parameters.getAll(name);
    if (more.length > 0)
      refuseRequest(`parameter "${name}" is there ${more.length + 1} times: one entity is asked for`);
    const key = keys.find(isNamed(name));
    if (key === undefined && name !== 'features' && name !== 'full_feature_names')
      refuseRequest(`parameter "${name}" is not known; there are ${keys.join(', ')}, features and full_feature_names`);
    if (key === undefined) options.set(name, value);
    else if (Object.keys(entities).some(isNamed(key))) refuseRequest(`entity "${key}" is there twice`);
    else entities[name] = [valueOf(value, typeOf(key))];
  }
  const missing = keys.filter((key) => !Object.keys(entities).some(isNamed(key)));
  if (entity !== undefined) {
    const [key, ...others] = missing;
    if (key === undefined)
      return refuseRequest(`the path has an entity, and the parameters have all: ${keys.join(', ')}`);
    if (others.length > 0)
      return refuseRequest(
        `view "${spec.name}" has the entity ${keys.join(', ')}: add parameters, as in ?${others.map((name) => `${name}=…`).join('&')}`,
      );
    entities[key] = [valueOf(entity, typeOf(key))];
  } else if (missing.length > 0)
    return refuseRequest(
      `entity "${missing.join(', ')}" of view "${spec.name}" is missing: add ?${missing.map((name) => `${name}=…`).join('&')}`,
    );
  const isFull = options.get('full_feature_names') ?? 'false';
  if (isFull !== 'true' && isFull !== 'false') refuseRequest('full_feature_names is true or false');
  const names =
    options.get('features')?.split(',') ??
    spec.schema.map(({ name }) => name).filter((name) => !keys.includes(name) && name !== featureView!.timestamp);
  return {
    features: names.map((name) => `${view}:${name.trim()}`),
    entities: Object.fromEntries(
      keys.map((key): [string, readonly unknown[]] => Object.entries(entities).find(([name]) => isNamed(key)(name))!),
    ),
    fullFeatureNames: isFull === 'true',
  };
}

/** In a URL everything is text; what is no boolean is told as such. */
const valueOf = (text: string, kind: string): unknown =>
  kind === 'BOOLEAN' && /^(true|false)$/i.test(text) ? /^true$/i.test(text) : text;
