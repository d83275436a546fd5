import type { QueryObject } from '../catalog/catalog.ts';
import { noSpan } from '../diagnostics/source.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import { requireKnown, requireVersion } from '../diagnostics/version.ts';
import { readPlan } from '../plan/physical/read-plan.ts';
import type { Command } from './commands.ts';

type CommandOf<K extends Command['kind']> = Extract<Command, { readonly kind: K }>;
/** The current version of a kind of command, and how its content is read. */
interface Reader<C extends Command> {
  readonly version: C['v'];
  /** Versions that the reader takes as they are. */
  readonly former?: readonly number[];
  readonly read: (command: C) => C;
}

/** As it was when a source had one of them. */
interface FormerExporter {
  readonly exporter?: QueryObject;
}

const asIs = <C>(command: C): C => command;
const readQuery = (query: QueryObject): QueryObject => ({ ...query, plan: readPlan(query.plan, `query ${query.id}`) });

/** The readers of all kinds; a kind without an entry does not compile. */
const readers: { readonly [K in Command['kind']]: Reader<CommandOf<K>> } = {
  compacted: { version: 1, read: asIs },
  createSource: {
    version: 1,
    read: ({ exporter, ...command }: CommandOf<'createSource'> & FormerExporter) => ({
      ...command,
      query: command.query && readQuery(command.query),
      exporters: [...(exporter === undefined ? [] : [exporter]), ...(command.exporters ?? [])].map(readQuery),
    }),
  },
  createVersion: {
    version: 1,
    read: (command) => ({
      ...command,
      query: command.query && readQuery(command.query),
      exporters: (command.exporters ?? []).map(readQuery),
    }),
  },
  switchVersion: { version: 1, read: asIs },
  dropSource: { version: 1, read: asIs },
  createQuery: { version: 1, read: (command) => ({ ...command, query: readQuery(command.query) }) },
  terminate: { version: 1, read: asIs },
  setPaused: { version: 1, read: asIs },
  resumeSkipping: { version: 1, read: asIs },
  // Version 1 has no aliases and no route.
  putModel: { version: 2, former: [1], read: (command) => ({ ...command, v: 2 }) },
  dropModel: { version: 1, read: asIs },
  putTrainingSet: { version: 1, read: asIs },
  dropTrainingSet: { version: 1, read: asIs },
  // Version 1 calls no models.
  putFeatureService: { version: 2, former: [1], read: (command) => ({ ...command, v: 2 }) },
  dropFeatureService: { version: 1, read: asIs },
  createType: { version: 1, read: asIs },
  dropType: { version: 1, read: asIs },
  createView: { version: 1, read: asIs },
  dropView: { version: 1, read: asIs },
  alterSystem: { version: 1, read: asIs },
};

/** Reads a command of the log. An unknown kind or version is refused, because later commands may depend on it. */
export function readCommand(text: string, number: number): Command {
  const what = `command ${number}`;
  let stored: Partial<Command>;
  try {
    stored = JSON.parse(text) as Partial<Command>;
  } catch {
    throw new SqlError('STATE_DAMAGED', noSpan, { what: `${what} is no JSON` });
  }
  const kind = String(stored.kind);
  requireKnown(`${what} (${kind})`, Object.hasOwn(readers, kind));
  const { version, former = [], read } = readers[kind as Command['kind']] as unknown as Reader<Command>;
  if (!former.includes(stored.v!)) requireVersion(`${what} (${kind})`, stored.v, version);
  return read(stored as Command);
}
