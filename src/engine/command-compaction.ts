import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Catalog, CatalogParts } from '../catalog/catalog.ts';
import type { CommandLog, NumberedCommand } from '../runtime/ports/node.ts';
import { InternalError } from '../util/internal-error.ts';
import { sameData } from '../util/same-data.ts';
import { Applied } from './applied.ts';
import type { Command } from './commands.ts';
import { readCommand } from './read-command.ts';

/** From how many commands on a log is looked at. A start reads ten thousand of them in a second or two. */
const leastCommands = 1000;
/** How many commands are read, and made into text, before other work has its turn. */
const commandsPerTurn = 50;

type Entry<M> = M extends ReadonlyMap<string, infer V> ? V : never;
/** The command that makes an entry of a part of the catalogue as it is. A part without one does not compile. */
const making: { readonly [P in keyof CatalogParts]: (entry: Entry<CatalogParts[P]>, name: string) => Command } = {
  types: (type, name) => ({ v: 1, kind: 'createType', name, type }),
  models: (model) => ({ v: 2, kind: 'putModel', model }),
  sources: (source) => ({ v: 1, kind: 'createSource', source, query: undefined }),
  queries: (query) => ({ v: 1, kind: 'createQuery', query }),
  views: (view) => ({ v: 1, kind: 'createView', view }),
  trainingSets: (set) => ({ v: 1, kind: 'putTrainingSet', set }),
  featureServices: (service) => ({ v: 2, kind: 'putFeatureService', service }),
};
const parts = Object.keys(making) as (keyof CatalogParts)[];
const sizeOf = (catalog: Catalog): number => parts.reduce((sum, part) => sum + catalog[part].size, 0);

/** The fewest commands that make what there is, with the ids and numbers that come next. */
function* commandsMaking({ catalog, system, nextQuery }: Applied): Iterable<Command> {
  yield { v: 1, kind: 'compacted', queries: nextQuery - catalog.queries.size };
  for (const [name, value] of system) yield { v: 1, kind: 'alterSystem', name, value };
  for (const part of parts) {
    const make = making[part] as (entry: unknown, name: string) => Command;
    for (const [name, entry] of catalog[part]) yield make(entry, name);
  }
}

/** What two logs of commands make is the same, in the same order. */
function sameApplied(a: Applied, b: Applied): boolean {
  const maps = [...parts.map((part) => [a.catalog[part], b.catalog[part]] as const), [a.system, b.system] as const];
  return a.nextQuery === b.nextQuery && maps.every(([left, right]) => sameMap(left, right));
}
function sameMap(a: ReadonlyMap<string, unknown>, b: ReadonlyMap<string, unknown>): boolean {
  const right = [...b];
  return (
    a.size === b.size &&
    [...a].every(([key, value], i) => {
      const [otherKey, other] = right[i]!;
      // The text has the order of properties too, the data what JSON has no word for.
      return key === otherKey && sameData(value, other) && JSON.stringify(value) === JSON.stringify(other);
    })
  );
}

/**
 * Keeps the log of commands in proportion to what they make: when half of its commands or more have no effect any more, all are replaced by
 * the fewest that make the same. They are held to that before they are stored: read as a start reads them, they must give what
 * all of the log gives. Works beside the node; commands may be appended meanwhile.
 */
export class CommandCompaction {
  readonly #log: CommandLog;
  readonly #say: (text: string) => void;
  #length = 0;
  #removed = 0;
  #failures = 0;
  /** The log is looked at when it has so many commands; after a failure twice as many as it had. */
  #from = leastCommands;
  #running: Promise<unknown> | undefined;
  #closed = false;

  constructor(log: CommandLog, say: (text: string) => void) {
    this.#log = log;
    this.#say = say;
  }

  /** How many commands the log has; how many this node has removed from it; how often it could not. */
  get figures(): { readonly commands: number; readonly removed: number; readonly failures: number } {
    return { commands: this.#length, removed: this.#removed, failures: this.#failures };
  }

  /** So many more commands are in the log. */
  added(commands: number): void {
    this.#length += commands;
  }

  /** Begins to compact the log if that is due with what its commands have made. */
  consider(catalog: Catalog): void {
    if (this.#log.replace === undefined || this.#closed || this.#running !== undefined) return;
    if (this.#length < this.#from || this.#length < 2 * sizeOf(catalog)) return;
    this.#running = nextTurn()
      .then(() => this.run())
      .then(() => (this.#from = leastCommands))
      .catch((error: unknown) => {
        this.#from = 2 * this.#length;
        this.#failures++;
        this.#say(`the command log is not compacted: ${(error as Error).message}`);
      })
      .finally(() => (this.#running = undefined));
  }

  /** Compacts the log now; whether there was anything to remove. */
  async run(): Promise<boolean> {
    const before = await this.#log.readAfter(-1);
    const upTo = before.at(-1)?.number;
    const whole = await this.#applied(before);
    if (this.#log.replace === undefined || upTo === undefined || whole === undefined) return false;
    const texts: string[] = [];
    for (const command of commandsMaking(whole)) {
      if (texts.push(JSON.stringify(command)) % commandsPerTurn === 0) await nextTurn();
    }
    if (texts.length >= before.length) return false;
    // The last has the number of the last that it replaces: what comes is numbered as ever.
    const by = texts.map((command, i) => ({ number: upTo - texts.length + 1 + i, command }));
    const again = await this.#applied(by);
    if (again === undefined) return false;
    if (!sameApplied(whole, again)) throw new InternalError('what it would become does not make the same');
    if (this.#closed) return false;
    await this.#log.replace(upTo, by);
    this.#length -= before.length - by.length;
    this.#removed += before.length - by.length;
    return true;
  }

  /** What commands make; undefined when the node was closed meanwhile. */
  async #applied(commands: readonly NumberedCommand[]): Promise<Applied | undefined> {
    const applied = Applied.loading();
    for (const [i, { number, command }] of commands.entries()) {
      applied.apply(readCommand(command, number));
      if (i % commandsPerTurn === 0) await nextTurn();
      if (this.#closed) return undefined;
    }
    return applied;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
  }
}
