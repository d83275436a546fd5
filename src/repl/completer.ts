import { keywordList } from '../syntax/tokens.ts';
import type { Client, Entity } from './client.ts';

/** Completes the last word of a line: keywords, functions, sources and their columns. */
export class Completer {
  readonly #client: Client;
  #names: Promise<string[]> | undefined;

  constructor(client: Client) {
    this.#client = client;
  }

  /** Drops the cached names, because a statement may have changed the catalogue. */
  forget(): void {
    this.#names = undefined;
  }

  async complete(line: string): Promise<[string[], string]> {
    const word = /[A-Za-z_][\w@]*$/.exec(line)?.[0] ?? '';
    if (word === '') return [[], ''];
    this.#names ??= this.#load().catch(() => []);
    const wanted = word.toUpperCase();
    const lower = word === word.toLowerCase();
    const matches = [...new Set([...keywordList, ...(await this.#names)])]
      .filter((name) => name.toUpperCase().startsWith(wanted))
      .sort();
    return [matches.map((name) => (lower && keywordList.includes(name) ? name.toLowerCase() : name)), word];
  }

  async #load(): Promise<string[]> {
    const entities = await this.#client.execute('SHOW STREAMS EXTENDED; SHOW TABLES EXTENDED; SHOW FUNCTIONS;');
    const sources = entities
      .slice(0, 2)
      .flatMap((entity) => (entity['sourceDescriptions'] as Entity[] | undefined) ?? []);
    const columns = sources.flatMap((source) => (source['fields'] as Entity[]).map((field) => String(field['name'])));
    const functions = ((entities[2]?.['functions'] as Entity[] | undefined) ?? []).map((each) => String(each['name']));
    return [...sources.map((source) => String(source['name'])), ...columns, ...functions];
  }
}
