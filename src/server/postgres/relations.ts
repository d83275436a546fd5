import type { Engine } from '../../engine/engine.ts';
import { Session } from '../../engine/session.ts';
import { rowsOfView } from '../../statements/views.ts';
import { pseudoColumns } from '../../types/schema.ts';
import type { Access, Visitor } from '../access/access.ts';
import { CatalogDatabase, type Relation } from './catalog-database.ts';
import { pgTypeOf } from './types.ts';

type Catalog = Engine['catalog'];
type Source = Catalog['sources'] extends ReadonlyMap<string, infer S> ? S : never;
type View = Catalog['views'] extends ReadonlyMap<string, infer V> ? V : never;

const bounds = pseudoColumns.filter(({ windowed }) => windowed);

/** A source as a table, its columns in the order of `SELECT *`; a table's key is its primary key. */
function relationOf({ spec: { name, kind, schema, window } }: Source): Relation {
  const keys = schema.filter(({ role }) => role === 'key');
  const others = schema.filter(({ role }) => role !== 'key');
  const identifying = [...keys, ...(window === undefined ? [] : bounds)];
  return {
    name,
    kind: 'table',
    comment: kind,
    columns: [...identifying, ...others].map((column) => ({ name: column.name, type: pgTypeOf(column.type).sql })),
    key: kind === 'TABLE' ? identifying.map((column) => column.name) : [],
  };
}

/** A view as a view; none where what it reads has changed so that it cannot be read. */
function relationsOfView(view: View, catalog: Catalog): readonly Relation[] {
  try {
    const { columns } = rowsOfView(view, catalog, new Session());
    const typed = columns.map(({ name, type }) => ({ name, type: pgTypeOf(type).sql }));
    return [{ name: view.name, kind: 'view', comment: 'VIEW', columns: typed, key: [] }];
  } catch {
    return [];
  }
}

const all = new WeakMap<Catalog, readonly Relation[]>();
/** The relations of a catalogue, made once for each of its states. */
function relationsOf(catalog: Catalog): readonly Relation[] {
  let relations = all.get(catalog);
  if (relations === undefined) {
    const views = [...catalog.views.values()].flatMap((view) => relationsOfView(view, catalog));
    relations = [...[...catalog.sources.values()].map(relationOf), ...views];
    all.set(catalog, relations);
  }
  return relations;
}

interface Held {
  readonly database: CatalogDatabase;
  catalog: Catalog;
  relations: readonly Relation[];
}
/** Each takes memory, and users of other roles may see another catalogue. */
const most = 4;

/** The databases that show the catalogue: one for all users, or where rights say who reads what, one for each set of roles. */
export class CatalogDatabases {
  readonly #engine: Engine;
  readonly #access: Access;
  /** By roles, the one that was used last at the end. */
  readonly #held = new Map<string, Held>();

  constructor(engine: Engine, access: Access) {
    this.#engine = engine;
    this.#access = access;
  }

  /** The database for a visitor, with what the visitor may see. */
  for(visitor: Visitor): { readonly database: CatalogDatabase; readonly relations: readonly Relation[] } {
    const user = this.#access.userOf(visitor);
    const key = this.#access.hasRights ? JSON.stringify([...user.roles].sort()) : '';
    const { catalog } = this.#engine;
    let held = this.#held.get(key);
    if (held === undefined || held.catalog !== catalog || this.#access.hasRights) {
      const relations = relationsOf(catalog).filter(({ name }) => this.#access.may(user, 'read', name));
      held ??= { database: new CatalogDatabase(), catalog, relations };
      if (JSON.stringify(held.relations) !== JSON.stringify(relations)) held.relations = relations;
      held.catalog = catalog;
    }
    this.#held.delete(key);
    this.#held.set(key, held);
    for (const [other, { database }] of this.#held) {
      if (this.#held.size <= most) break;
      this.#held.delete(other);
      database.close();
    }
    return held;
  }

  close(): void {
    for (const { database } of this.#held.values()) database.close();
  }
}
