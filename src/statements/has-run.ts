import { resolveType } from '../bind/resolve-type.ts';
import type { Catalog } from '../catalog/catalog.ts';
import { versionsOf } from '../catalog/view-versions.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import type { Session } from '../engine/session.ts';
import type { Name } from '../syntax/expressions.ts';
import { parse, splitScript } from '../syntax/parse.ts';
import type { PropertyNode } from '../syntax/query.ts';
import { printStatement, type Statement } from '../syntax/statements/index.ts';
import type { CreateType } from '../syntax/statements/types.ts';
import { typeText } from '../types/sql-type.ts';
import { sameData } from '../util/same-data.ts';
import type { HasRun } from './handler.ts';

interface Create {
  readonly name: Name;
  readonly orReplace: boolean;
  readonly ifNotExists: boolean;
}

/**
 * CREATE of what has the name already: OR REPLACE is executed at each start, IF NOT EXISTS never again; else it must be the
 * statement by which that was made.
 */
const isMade =
  (
    word: string,
    made: (catalog: Catalog, name: string) => { readonly statement: string } | undefined,
  ): HasRun<Create> =>
  ({ name, orReplace, ifNotExists }, catalog, isSame) => {
    const existing = made(catalog, name.text);
    if (existing === undefined || orReplace) return false;
    if (!ifNotExists && !isSame(existing.statement))
      throw new SqlError('MADE_OTHERWISE', name.span, {
        word,
        name: name.text,
        made: existing.statement,
        cure: 'OR REPLACE',
      });
    return true;
  };

export const sourceIsMade = isMade('source', ({ sources }, name) => sources.get(name));
export const queryViewIsMade = isMade('view', ({ views }, name) => views.get(name));
export const modelIsMade = isMade('model', ({ models }, name) => models.get(name));
export const serviceIsMade = isMade('feature service', ({ featureServices }, name) => featureServices.get(name));
/** Of a feature view it is the newest version that the statement made, live or not. */
export const featureViewIsMade = isMade(
  'feature view',
  (catalog, name) => versionsOf(catalog, name).at(-1) ?? catalog.sources.get(name),
);

/** Of a type the catalogue has no statement: the types are compared. */
export const typeIsMade: HasRun<CreateType> = ({ name, ifNotExists, type }, { types }) => {
  const existing = types.get(name.text);
  if (existing === undefined) return false;
  if (!ifNotExists && !sameData(resolveType(type, types), existing))
    throw new SqlError('MADE_OTHERWISE', name.span, {
      word: 'type',
      name: name.text,
      made: typeText(existing),
      cure: 'DROP TYPE',
    });
  return true;
};

/** Compares a statement with texts of the catalogue by what they print as. */
export function sameAs(statement: Statement, text: string, session: Session): (stored: string) => boolean {
  let wanted: string | undefined;
  return (stored) => {
    if (stored === text) return true;
    wanted ??= comparable(statement);
    try {
      // A catalogue may hold a text with its variables still in it.
      return (
        comparable(
          parse(
            splitScript({
              name: 'catalogue',
              text: session.substitute(stored),
            })[0]!,
          ),
        ) === wanted
      );
    } catch (error) {
      if (error instanceof SqlError) return false;
      throw error;
    }
  };
}

/** What a statement makes, printed: whether it may replace something, and the order of its properties, are no part of that. */
function comparable(statement: Statement): string {
  const { properties = [] } = statement as {
    readonly properties?: readonly PropertyNode[];
  };
  const sorted = [...properties].sort((a, b) => (a.name < b.name ? -1 : 1));
  return printStatement({
    ...statement,
    properties: sorted,
    orReplace: false,
    ifNotExists: false,
  } as Statement);
}
