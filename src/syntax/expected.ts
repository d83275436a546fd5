import { expectedAfter, tokenize } from '../../grammar/parser.ts';
import { keywordList } from './tokens.ts';

/** What may come next in a statement that somebody types. */
export interface Expected {
  readonly keywords: readonly string[];
  /** Whether it may be the name of a source or of another object that there is. */
  readonly hasObjects: boolean;
  /** Whether it may be an expression: a column, a function, or a source before a dot. */
  readonly hasColumns: boolean;
  /** The names that the statement has so far, as they are stored. */
  readonly names: ReadonlySet<string>;
}

const isKeyword: ReadonlySet<string> = new Set(keywordList);

/** What may follow a text, by the grammar; undefined where no statement begins so. */
export function expectedNext(text: string): Expected | undefined {
  const { tokens, errors } = tokenize(text);
  const begin = tokens.findLastIndex(({ tokenType }) => tokenType.name === 'Semicolon') + 1;
  const own = tokens.slice(begin);
  const expected = errors.length > 0 ? [] : expectedAfter(own);
  if (expected.length === 0) return undefined;
  const named = expected.filter(({ type }) => type.name === 'Name').map(({ rules }) => rules);
  return {
    keywords: [...new Set(expected.map(({ type }) => type.name))].filter((name) => isKeyword.has(name)),
    hasObjects: named.some((rules) => !rules.includes('column') && !isNew(rules)),
    hasColumns: named.some((rules) => rules.includes('column')),
    names: new Set(own.map(({ image }) => (/^[`"]/.test(image) ? image.slice(1, -1) : image.toUpperCase()))),
  };
}

/** The name behind CREATE, and an alias, are of what is not there yet. */
const isNew = (rules: readonly string[]): boolean =>
  (rules[0]!.startsWith('create') && rules.length <= 2) || rules.some((rule) => /alias/i.test(rule));
