import { keywordList } from '../syntax/tokens.ts';
import type { Client, Entity } from './client.ts';

/** What there is to name. */
interface Names {
  /** The columns of each source. */
  readonly sources: ReadonlyMap<string, readonly string[]>;
  readonly functions: readonly string[];
}
const none: Names = { sources: new Map(), functions: [] };

/** Completes the last word of a text by what the grammar expects there: keywords, functions, sources and their columns. */
export class Completer {
  readonly #client: Pick<Client, 'execute'>;
  #names: Promise<Names> | undefined;

  constructor(client: Pick<Client, 'execute'>) {
    this.#client = client;
  }

  /** Drops the cached names, because a statement may have changed the catalogue. */
  forget(): void {
    this.#names = undefined;
  }

  async complete(text: string): Promise<[string[], string]> {
    const word = /[A-Za-z_][\w@]*$/.exec(text)?.[0] ?? '';
    this.#names ??= this.#load().catch(() => none);
    const possible = await candidates(text.slice(0, text.length - word.length), await this.#names);
    // Where nothing is typed yet, all that can come would be a list without end.
    if (word === '' && possible.length > mostShown) return [[], ''];
    const wanted = word.toUpperCase();
    const lower = word !== '' && word === word.toLowerCase();
    const matches = [...new Set(possible)].filter((name) => name.toUpperCase().startsWith(wanted)).sort();
    return [matches.map((name) => (lower && keywordList.includes(name) ? name.toLowerCase() : name)), word];
  }

  async #load(): Promise<Names> {
    const entities = await this.#client.execute('SHOW STREAMS EXTENDED; SHOW TABLES EXTENDED; SHOW FUNCTIONS;');
    const sources = entities
      .slice(0, 2)
      .flatMap((entity) => (entity['sourceDescriptions'] as Entity[] | undefined) ?? []);
    return {
      sources: new Map(
        sources.map((source) => [
          String(source['name']),
          (source['fields'] as Entity[]).map((field) => String(field['name'])),
        ]),
      ),
      functions: ((entities[2]?.['functions'] as Entity[] | undefined) ?? []).map((each) => String(each['name'])),
    };
  }
}

const mostShown = 100;

async function candidates(before: string, { sources, functions }: Names): Promise<readonly string[]> {
  const { expectedNext } = await import('../syntax/expected.ts');
  const expected = expectedNext(before);
  // What the grammar does not understand so far may be a statement of a newer server.
  if (expected === undefined) return [...keywordList, ...sources.keys(), ...[...sources.values()].flat(), ...functions];
  const { keywords, hasObjects, hasColumns, names } = expected;
  if (!hasColumns) return [...keywords, ...(hasObjects ? sources.keys() : [])];
  // The columns of the sources that the statement names; before FROM those of all.
  const named = [...sources].filter(([name]) => names.has(name));
  const columns = (named.length > 0 ? named : [...sources]).flatMap(([name, own]) => [name, ...own]);
  return [...keywords, ...columns, ...functions];
}
