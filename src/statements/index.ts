import type { Catalog } from '../catalog/catalog.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import type { Source } from '../diagnostics/source.ts';
import type { Engine } from '../engine/engine.ts';
import { checkSwitches } from '../engine/switches.ts';
import type { Session } from '../engine/session.ts';
import type { Name } from '../syntax/expressions.ts';
import { parse, splitScript, type StatementText } from '../syntax/parse.ts';
import type { Statement } from '../syntax/statements/index.ts';
import { InternalError } from '../util/internal-error.ts';
import { alterSource, alterSystem } from './alter-source.ts';
import { assertSchema, assertSource, assertTopic, assertValues } from './assert.ts';
import { createConnector, describeConnector, dropConnector, showConnectors } from './connectors.ts';
import { createSource } from './create-source.ts';
import { deleteRow } from './delete.ts';
import { describe } from './describe.ts';
import { dropSource } from './drop-source.ts';
import { explain } from './explain.ts';
import { createFeatureView, dropFeatureView } from './feature-views.ts';
import type { Entity, Handler, HasRun } from './handler.ts';
import { insert, insertHasRun } from './insert.ts';
import { alterModel, alterModelHasRun, createModel, dropModel } from './models.ts';
import { queryControl } from './query-control.ts';
import { define, setProperty, undefine, unsetProperty } from './settings.ts';
import { show } from './show.ts';
import { createType, dropType } from './types.ts';

/**
 * What a statement changes. Those that change the catalogue run one at a time; a server that is read only answers those that change
 * nothing, or nothing but the session.
 */
type Changes = 'nothing' | 'session' | 'catalogue' | 'data' | 'connect';

interface Row<S> {
  /** What runs it; `rows` where it gives rows to a client: the query endpoints answer it. */
  readonly handler: Handler<S> | 'rows';
  readonly changes: Changes | ((statement: S) => Changes);
  /** Whether a file that runs headless may hold it; there a restart leaves out what has run, or says it anew. */
  readonly headless: 'refused' | 'at each start' | HasRun<S>;
}

const isIn =
  (objects: 'sources' | 'models' | 'types'): HasRun<{ readonly name: Name; readonly orReplace?: boolean }> =>
  ({ name, orReplace }, catalog) =>
    orReplace !== true && catalog[objects].has(name.text);

/** Each statement: a kind without a row does not compile. */
const statements: { readonly [K in Statement['kind']]: Row<Extract<Statement, { kind: K }>> } = {
  createSource: { handler: createSource, changes: 'catalogue', headless: isIn('sources') },
  alterSource: { handler: alterSource, changes: 'catalogue', headless: 'refused' },
  dropSource: { handler: dropSource, changes: 'catalogue', headless: 'refused' },
  insert: {
    handler: insert,
    changes: ({ query }) => (query === undefined ? 'data' : 'catalogue'),
    headless: insertHasRun,
  },
  deleteRow: { handler: deleteRow, changes: 'data', headless: 'refused' },
  select: { handler: 'rows', changes: 'nothing', headless: 'refused' },
  print: { handler: 'rows', changes: 'nothing', headless: 'refused' },
  queryControl: { handler: queryControl, changes: 'catalogue', headless: 'refused' },
  explain: { handler: explain, changes: 'nothing', headless: 'refused' },
  show: { handler: show, changes: 'nothing', headless: 'refused' },
  describe: { handler: describe, changes: 'nothing', headless: 'refused' },
  setProperty: { handler: setProperty, changes: 'session', headless: 'at each start' },
  unsetProperty: { handler: unsetProperty, changes: 'session', headless: 'at each start' },
  define: { handler: define, changes: 'session', headless: 'at each start' },
  undefine: { handler: undefine, changes: 'session', headless: 'at each start' },
  alterSystem: { handler: alterSystem, changes: 'catalogue', headless: 'refused' },
  createType: { handler: createType, changes: 'catalogue', headless: isIn('types') },
  dropType: { handler: dropType, changes: 'catalogue', headless: 'refused' },
  createModel: { handler: createModel, changes: 'catalogue', headless: isIn('models') },
  alterModel: { handler: alterModel, changes: 'catalogue', headless: alterModelHasRun },
  dropModel: { handler: dropModel, changes: 'catalogue', headless: 'refused' },
  createFeatureView: { handler: createFeatureView, changes: 'catalogue', headless: isIn('sources') },
  dropFeatureView: { handler: dropFeatureView, changes: 'catalogue', headless: 'refused' },
  assertTopic: { handler: assertTopic, changes: 'nothing', headless: 'refused' },
  assertSchema: { handler: assertSchema, changes: 'nothing', headless: 'refused' },
  assertValues: { handler: assertValues, changes: 'nothing', headless: 'refused' },
  assertSource: { handler: assertSource, changes: 'nothing', headless: 'refused' },
  createConnector: { handler: createConnector, changes: 'connect', headless: 'refused' },
  dropConnector: { handler: dropConnector, changes: 'connect', headless: 'refused' },
  describeConnector: { handler: describeConnector, changes: 'nothing', headless: 'refused' },
  showConnectors: { handler: showConnectors, changes: 'nothing', headless: 'refused' },
};

/** Every kind of statement. */
export const statementKinds = Object.keys(statements) as readonly Statement['kind'][];

const rowOf = (statement: Statement): Row<Statement> => statements[statement.kind] as Row<Statement>;

export function changesOf(statement: Statement): Changes {
  const { changes } = rowOf(statement);
  return typeof changes === 'function' ? changes(statement) : changes;
}

/** SELECT and PRINT: the query endpoints answer them. */
export const givesRows = (statement: Statement): boolean => rowOf(statement).handler === 'rows';

/** Whether a server answers it that nothing may be changed by. */
export function isReadOnly(statement: Statement): boolean {
  const changes = changesOf(statement);
  return changes === 'nothing' || changes === 'session';
}

/** Whether a file that runs headless may hold it. */
export const mayRunHeadless = (statement: Statement): boolean => rowOf(statement).headless !== 'refused';

/** Whether a headless node's earlier start has done what the statement says. */
export function hasRun(statement: Statement, text: string, catalog: Catalog): boolean {
  const { headless } = rowOf(statement);
  return typeof headless === 'function' && headless(statement, catalog, text);
}

/** Runs one statement; those that change the catalogue run one at a time. */
export async function executeStatement(
  statement: Statement,
  text: string,
  engine: Engine,
  session: Session,
): Promise<Entity | undefined> {
  try {
    checkSwitches(statement, session);
    const answer = await run(statement, text, engine, session);
    return answer && withWarnings(answer, session);
  } catch (error) {
    // What walks a plan calls itself: a statement of a hundred thousand columns or terms takes all of the stack.
    if (error instanceof RangeError) throw new SqlError('STATEMENT_TOO_COMPLEX', statement.span, {});
    throw error;
  }
}

/** An answer with what the session has to say of its properties. */
function withWarnings(answer: Entity, session: Session): Entity {
  const warnings = session.warnings.splice(0);
  return warnings.length === 0
    ? answer
    : { ...answer, warnings: [...answer.warnings, ...warnings.map((message) => ({ message }))] };
}

function run(statement: Statement, text: string, engine: Engine, session: Session): Promise<Entity | undefined> {
  const { handler } = rowOf(statement);
  if (handler === 'rows') throw new SqlError('QUERY_ENDPOINT', statement.span, {});
  if (changesOf(statement) === 'catalogue')
    return engine.change((distribute) => handler(statement, { engine, session, text, distribute }));
  const refuse = (): never => {
    throw new InternalError(`${statement.kind} changes the catalogue outside its lock`);
  };
  return handler(statement, { engine, session, text, distribute: refuse });
}

/** Parses a statement with the session's variables in it. */
export function withVariables(raw: StatementText, session: Session): Statement {
  const text = session.substitute(raw.text);
  return text === raw.text ? parse(raw) : parse(splitScript({ name: raw.span.source.name, text })[0]!);
}

/** Runs a script's statements in order; variables are replaced as each is reached. Gives the answers so far with the error. */
export async function executeScript(source: Source, engine: Engine, session: Session): Promise<Entity[]> {
  const entities: Entity[] = [];
  for (const raw of splitScript(source)) {
    const result = await executeStatement(withVariables(raw, session), raw.text, engine, session);
    if (result !== undefined) entities.push(result);
  }
  return entities;
}
