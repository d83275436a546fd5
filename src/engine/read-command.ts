import type { QueryObject } from '../catalog/catalog.ts';
import { noSpan } from '../diagnostics/source.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import { requireKnown, requireVersion } from '../diagnostics/version.ts';
import { readPlan } from '../plan/physical/read-plan.ts';
import type { Command } from './commands.ts';

type CommandOf<K extends Command['kind']> = Extract<Command, { readonly kind: K }>;
/** The version of a kind of command that is written and read, and how what it holds is read. */
interface Reader<C extends Command> {
  readonly version: C['v'];
  readonly read: (command: C) => C;
}

const asIs = <C>(command: C): C => command;
const readQuery = (query: QueryObject): QueryObject => ({ ...query, plan: readPlan(query.plan, `query ${query.id}`) });

/** A kind with no entry here does not compile. */
const readers: { readonly [K in Command['kind']]: Reader<CommandOf<K>> } = {
  createSource: {
    version: 1,
    read: (command) => ({ ...command, query: command.query && readQuery(command.query) }),
  },
  dropSource: { version: 1, read: asIs },
  createQuery: { version: 1, read: (command) => ({ ...command, query: readQuery(command.query) }) },
  terminate: { version: 1, read: asIs },
  setPaused: { version: 1, read: asIs },
  putModel: { version: 1, read: asIs },
  dropModel: { version: 1, read: asIs },
  createType: { version: 1, read: asIs },
  dropType: { version: 1, read: asIs },
  alterSystem: { version: 1, read: asIs },
};

/** A command as the log has it. One that this Millrace does not know is refused: what comes behind it may hang on it. */
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
  const { version, read } = readers[kind as Command['kind']] as unknown as Reader<Command>;
  requireVersion(`${what} (${kind})`, stored.v, version);
  return read(stored as Command);
}
