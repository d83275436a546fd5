type Item = Readonly<Record<string, unknown>>;

/** What a query fills; what a push query reads. */
const targetOf = ({ sinks, sources }: Item): readonly unknown[] =>
  [sinks, sources].flatMap((names) => (Array.isArray(names) && names.length > 0 ? [names as unknown[]] : []))[0] ?? [];

/** The lists in answers whose items are sources or models, and the names that an item tells of. */
const lists: Readonly<Record<string, (item: Item) => readonly unknown[]>> = {
  streams: ({ name }) => [name],
  tables: ({ name }) => [name],
  models: ({ name }) => [name],
  featureViews: ({ name }) => [name],
  featureServices: ({ name, views, models }) => [name, ...(views as unknown[]), ...(models as unknown[])],
  sourceDescriptions: ({ name }) => [name],
  queries: targetOf,
  queryDescriptions: targetOf,
  readQueries: targetOf,
};

/** An answer without the items of its lists that tell of what somebody may not read. */
export function visibleParts<E extends object>(entity: E, mayRead: (name: string) => boolean): E {
  const parts = Object.entries(entity).map(([field, value]): [string, unknown] => {
    const namesOf = Object.hasOwn(lists, field) ? lists[field] : undefined;
    const isShown = (item: unknown): boolean => namesOf!(item as Item).every((name) => mayRead(String(name)));
    if (namesOf === undefined || !Array.isArray(value))
      return [field, field === 'sourceDescription' ? visibleParts(value as object, mayRead) : value];
    return [field, (value as unknown[]).filter(isShown).map((item) => visibleParts(item as object, mayRead))];
  });
  return Object.fromEntries(parts) as E;
}
