import { ServerError, type Client } from '../../repl/client.ts';
import { parse, splitScript } from '../../syntax/parse.ts';
import { printStatement, type Statement } from '../../syntax/statements/index.ts';
import { needs, type ImportStep } from './step.ts';

/** Where statements go. */
export interface ImportTarget {
  readonly client: Client;
  /** Called before a statement is executed. */
  readonly prepare?: (statement: Statement) => Promise<void>;
}
interface Outcome {
  readonly imported: number;
  readonly there: number;
  readonly refused: number;
}

/** Streams that Millrace makes for itself. */
const own = new Set(['KSQL_PROCESSING_LOG']);

/** Executes statements one by one; what is refused does not stop the rest, and what is there already is left as it is. */
export async function runImport(
  steps: readonly ImportStep[],
  { client, prepare }: ImportTarget,
  properties: Readonly<Record<string, string>>,
  say: (line: string) => void,
): Promise<Outcome> {
  const there = await thereAlready(client);
  const refused = new Set<string>();
  const ids = new Map<string, string>();
  /** Queries that are left as they are. */
  const left = new Set<string>();
  const counts = { imported: 0, there: 0, refused: 0 };
  for (const step of steps) {
    const { statement: of } = step;
    const controlled = of?.kind === 'queryControl' ? of.query?.text : undefined;
    if (own.has(step.name) || left.has(controlled ?? '') || isThere(step, there)) {
      counts.there++;
      if (step.queryId !== undefined) left.add(step.queryId.toUpperCase());
      say(`there already: ${step.name || step.text}`);
      continue;
    }
    const why = step.refusal ?? (await execute(step));
    if (why === undefined) {
      counts.imported++;
      say(`imported: ${step.text}`);
      continue;
    }
    counts.refused++;
    // Sources of an INSERT stay; everything else that was refused is missing to what reads it.
    if (step.statement?.kind !== 'insert') refused.add(step.name);
    say(`refused: ${step.text}\n    ${why.replaceAll('\n', '\n    ')}`);
  }
  return counts;

  async function execute(step: ImportStep): Promise<string | undefined> {
    const missing = needs(step).filter((name) => refused.has(name));
    if (missing.length > 0) return `it needs ${missing.join(', ')}, which was refused`;
    const { statement } = step;
    let { text } = step;
    if (statement?.kind === 'queryControl' && statement.query !== undefined) {
      const id = ids.get(statement.query.text);
      if (id === undefined) return `there is no query for ${statement.query.text}`;
      text = `${statement.action} ${id};`;
    }
    const session = sessionOf(client, { ...step.properties, ...properties });
    try {
      if (statement !== undefined) await prepare?.(statement);
      const [answer] = await session.execute(text);
      const { queryId } = (answer?.['commandStatus'] ?? {}) as { readonly queryId?: string | null };
      if (step.queryId !== undefined && queryId != null) ids.set(step.queryId.toUpperCase(), queryId);
      return undefined;
    } catch (error) {
      if (!(error instanceof ServerError)) throw error;
      return error.message;
    }
  }
}

function sessionOf(client: Client, properties: Readonly<Record<string, string>>): Client {
  const session = client.newSession();
  for (const [name, value] of Object.entries(properties)) session.properties.set(name, value);
  return session;
}

interface There {
  readonly sources: ReadonlySet<string>;
  readonly types: ReadonlySet<string>;
  /** The statements of its queries. */
  readonly queries: ReadonlySet<string>;
}

async function thereAlready(client: Client): Promise<There> {
  const ask = async (sql: string, field: string): Promise<unknown> => (await client.execute(sql))[0]?.[field];
  const names = async (kind: 'streams' | 'tables'): Promise<readonly string[]> =>
    ((await ask(`SHOW ${kind.toUpperCase()};`, kind)) as readonly { readonly name: string }[]).map(({ name }) => name);
  const queries = (await ask('SHOW QUERIES;', 'queries')) as readonly { readonly queryString: string }[];
  return {
    sources: new Set([...(await names('streams')), ...(await names('tables'))]),
    types: new Set(Object.keys((await ask('SHOW TYPES;', 'types')) as object)),
    queries: new Set(queries.map(({ queryString }) => printed(queryString))),
  };
}

/** A statement in one form, however it was written. */
const printed = (text: string): string =>
  splitScript({ name: 'query', text })
    .map((raw) => printStatement(parse(raw)))
    .join('');

function isThere({ statement, name, text }: ImportStep, there: There): boolean {
  if (statement?.kind === 'createSource') return !statement.orReplace && there.sources.has(name);
  if (statement?.kind === 'createType') return there.types.has(name);
  return statement?.kind === 'insert' && there.queries.has(printed(text));
}
