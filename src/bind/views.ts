import type { Catalog, ViewObject } from '../catalog/catalog.ts';
import { parseScript } from '../syntax/parse.ts';
import type { QueryNode } from '../syntax/query.ts';
import { sourcesIn } from '../syntax/sources-in.ts';
import { InternalError } from '../util/internal-error.ts';

const parsed = new WeakMap<ViewObject, QueryNode>();

/** The query that a view stands for. Its places are in the view's own text, so that errors name the view. */
export function viewQuery(view: ViewObject): QueryNode {
  let query = parsed.get(view);
  if (query === undefined) {
    const [statement] = parseScript({ name: `view ${view.name}`, text: `${view.query};` });
    if (statement?.kind !== 'select') throw new InternalError(`view ${view.name} is no query`);
    query = statement.query;
    parsed.set(view, query);
  }
  return query;
}

/** The views that read a source or view, themselves or through other views; those that others read come after them. */
export function viewsOver(catalog: Catalog, name: string): readonly string[] {
  const direct = [...catalog.views.values()].filter((view) => sourcesIn(viewQuery(view)).sources.includes(name));
  const all = direct.flatMap((view) => [...viewsOver(catalog, view.name), view.name]);
  // A view that is reached twice stands where all that reads it has been.
  return all.filter((view, i) => all.indexOf(view) === i);
}
