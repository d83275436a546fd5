import type { Client, Entity } from '../../repl/client.ts';
import { declaration, typeStatement, type DescribedSource, type SchemaInfo } from './described.ts';
import { needs, stepOf, type ImportStep } from './step.ts';

interface ListedQuery {
  readonly id: string;
  readonly queryString: string;
  readonly queryType?: string;
  readonly state?: string;
}

/** What a ksqlDB server has: types, sources and queries, each behind what it needs, otherwise by the number in its query's id. */
export async function stepsOfServer(client: Client): Promise<readonly ImportStep[]> {
  const ask = async (sql: string): Promise<Entity> => (await client.execute(sql))[0] ?? {};
  const types = ((await ask('SHOW TYPES;'))['types'] ?? {}) as Readonly<Record<string, SchemaInfo>>;
  const sources = ['SHOW STREAMS EXTENDED;', 'SHOW TABLES EXTENDED;'].map(
    async (sql) => ((await ask(sql))['sourceDescriptions'] ?? []) as readonly DescribedSource[],
  );
  const described = (await Promise.all(sources)).flat();
  const listed = ((await ask('SHOW QUERIES;'))['queries'] ?? []) as readonly ListedQuery[];
  const queries = listed.filter(({ queryType }) => queryType === undefined || queryType === 'PERSISTENT');
  const properties = new Map<string, Readonly<Record<string, unknown>>>();
  for (const { id } of queries) {
    const told = (await ask(`EXPLAIN ${id};`))['queryDescription'] as
      { readonly overriddenProperties?: object } | undefined;
    properties.set(id, { ...told?.overriddenProperties });
  }
  const made = described.map((source) => stepOfSource(source, queries, properties));
  const ofSources = new Set(made.map(({ queryId }) => queryId));
  const inserts = queries
    .filter(({ id, queryString }) => !ofSources.has(id) && /^\s*INSERT\s/i.test(queryString))
    .map(({ id, queryString }) => stepOf(queryString, { queryId: id, properties: properties.get(id) }));
  const paused = queries.filter(({ state }) => state === 'PAUSED').map(({ id }) => stepOf(`PAUSE ${id};`));
  const ordered = inOrder([...made, ...inserts]);
  return [...Object.entries(types).map(([name, schema]) => stepOf(typeStatement(name, schema))), ...ordered, ...paused];
}

function stepOfSource(
  source: DescribedSource,
  queries: readonly ListedQuery[],
  properties: ReadonlyMap<string, Readonly<Record<string, unknown>>>,
): ImportStep {
  const { name, statement, topic, writeQueries } = source;
  // INSERT INTO writes too; the query of CREATE … AS is called after the source.
  const query = writeQueries.find(({ id }) => id.startsWith(`CSAS_${name}_`) || id.startsWith(`CTAS_${name}_`));
  const cannot = (refusal: string): ImportStep => ({
    name,
    text: statement,
    statement: undefined,
    properties: {},
    refusal,
  });
  if (statement === '') return cannot(`the server does not tell the statement that made ${name}`);
  const step = stepOf(statement, { queryId: query?.id, topic, properties: query && properties.get(query.id) });
  const isQuery = step.statement?.kind === 'createSource' && step.statement.query !== undefined;
  if (!isQuery || queries.some(({ id }) => id === query?.id)) return step.name === '' ? { ...step, name } : step;
  const text = declaration(source);
  return text === undefined
    ? cannot(
        `the query of ${name} was terminated, and what is left cannot be declared from here: the window is not told`,
      )
    : stepOf(text);
}

/** Each step behind those that make what it needs. */
function inOrder(steps: readonly ImportStep[]): readonly ImportStep[] {
  const number = ({ queryId }: ImportStep): number => Number(/_(\d+)$/.exec(queryId ?? '')?.[1] ?? -1);
  const left = [...steps].sort((a, b) => number(a) - number(b));
  const ordered: ImportStep[] = [];
  while (left.length > 0) {
    const waiting = new Set(left.filter(({ statement }) => statement?.kind !== 'insert').map(({ name }) => name));
    // A circle cannot be: what cannot be ordered goes as it is, and is refused by name.
    const isReady = (step: ImportStep): boolean =>
      needs(step).every((name) => !waiting.has(name) || (name === step.name && step.statement?.kind !== 'insert'));
    const next = left.findIndex(isReady);
    ordered.push(...left.splice(Math.max(next, 0), 1));
  }
  return ordered;
}
