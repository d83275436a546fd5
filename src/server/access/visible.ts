import type { Engine } from '../../engine/engine.ts';
import type { ShowKind } from '../../syntax/statements/show.ts';

type Item = Readonly<Record<string, unknown>>;

/** What somebody may see of a catalogue. */
export interface Viewer {
  readonly catalog: Engine['catalog'];
  readonly mayRead: (name: string) => boolean;
  /** Whether one may declare sources, for which one must know the topics that are no source's yet. */
  readonly mayDeclare: boolean;
}
type IsShown = (item: Item, viewer: Viewer) => boolean;

const readable =
  (namesOf: (item: Item) => readonly unknown[]): IsShown =>
  (item, { mayRead }) =>
    namesOf(item).every((name) => mayRead(String(name)));
const byName = readable(({ name }) => [name]);
const byView = readable(({ view }) => [view]);
const toAll: IsShown = () => true;

/** What a query fills; what a push query reads. */
const byTarget = readable(
  ({ sinks, sources }) =>
    [sinks, sources].flatMap((names) => (Array.isArray(names) && names.length > 0 ? [names as unknown[]] : []))[0] ??
    [],
);

/** A topic is shown to who may read a source over it. */
const isTopicShown = (topic: string, { catalog, mayRead, mayDeclare }: Viewer): boolean => {
  const sources = [...catalog.sources.values()].filter(({ spec }) => spec.topic === topic);
  return sources.length === 0 ? mayDeclare : sources.some(({ spec }) => mayRead(spec.name));
};

/** The lists in answers to SHOW, and which of their items somebody is shown. */
const shown: { readonly [K in ShowKind]: readonly [list: string, isShown: IsShown] } = {
  STREAMS: ['streams', byName],
  TABLES: ['tables', byName],
  TOPICS: ['topics', ({ name }, viewer) => isTopicShown(String(name), viewer)],
  QUERIES: ['queries', byTarget],
  FUNCTIONS: ['functions', toAll],
  PROPERTIES: ['properties', toAll],
  TYPES: ['types', toAll],
  VARIABLES: ['variables', toAll],
  MODELS: ['models', byName],
  'FEATURE VIEWS': ['featureViews', byName],
  'FEATURE SERVICES': [
    'featureServices',
    readable(({ name, views, models }) => [name, ...(views as unknown[]), ...(models as unknown[])]),
  ],
  'TRAINING SETS': ['trainingSets', byName],
  VIEWS: ['views', byName],
  VERIFICATIONS: ['verifications', byView],
  BACKFILLS: ['backfills', byView],
  MONITORS: ['monitors', byName],
};
const lists = new Map<string, IsShown>([
  ...Object.values(shown),
  ['sourceDescriptions', byName],
  ['queryDescriptions', byTarget],
  ['readQueries', byTarget],
  ['featureView.versions', toAll],
]);

type IsNamed = (name: string, viewer: Viewer) => boolean;
const isRead: IsNamed = (name, { mayRead }) => mayRead(name);
const isSinkRead: IsNamed = (id, { catalog, mayRead }) => mayRead(catalog.queries.get(id)?.sink ?? '');

/** Parts of an answer that are lists of names or of ids of queries. */
const nameLists = new Map<string, IsNamed>([
  ['services', isRead],
  ['lineage.services', isRead],
  ['lineage.sources', isRead],
  ['lineage.models', isRead],
  ['lineage.topics', isTopicShown],
  ['lineage.queries', isSinkRead],
  ['versions.readers', isSinkRead],
]);
/** Parts that are looked into, with what is written before the names of theirs above. */
const parts: Readonly<Record<string, string>> = {
  sourceDescription: '',
  featureView: 'featureView.',
  lineage: 'lineage.',
};

/** An answer without the items of its lists that tell of what somebody may not read. */
export function visibleParts<E extends object>(entity: E, viewer: Viewer, within = ''): E {
  const shownParts = Object.entries(entity).map(([field, value]): [string, unknown] => {
    const inner = Object.hasOwn(parts, field) ? parts[field] : undefined;
    if (inner !== undefined && typeof value === 'object' && value !== null)
      return [field, visibleParts(value, viewer, inner)];
    if (!Array.isArray(value)) return [field, value];
    const isNameShown = nameLists.get(within + field);
    if (isNameShown !== undefined) return [field, value.filter((name) => isNameShown(String(name), viewer))];
    const isShown = lists.get(within + field);
    if (isShown === undefined) return [field, value];
    const items = (value as Item[]).filter((item) => isShown(item, viewer));
    return [field, items.map((item) => visibleParts(item, viewer, within === '' ? '' : `${field}.`))];
  });
  return Object.fromEntries(shownParts) as E;
}
