import type { Catalog } from '../catalog/catalog.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import type { Source } from '../diagnostics/source.ts';
import type { Engine } from '../engine/engine.ts';
import { checkSwitches } from '../engine/switches.ts';
import type { Session } from '../engine/session.ts';
import { parse, splitScript, type StatementText } from '../syntax/parse.ts';
import type { Statement } from '../syntax/statements/index.ts';
import { InternalError } from '../util/internal-error.ts';
import { alterFeatureView } from './alter-feature-view.ts';
import { alterModel, alterModelHasRun } from './alter-model.ts';
import { alterSource, alterSystem } from './alter-source.ts';
import { assertSchema, assertSource, assertTopic, assertValues } from './assert.ts';
import { backfill } from './backfill.ts';
import { createConnector, describeConnector, dropConnector, showConnectors } from './connectors.ts';
import { createSource } from './create-source.ts';
import { deleteEntity } from './delete-entity.ts';
import { deleteRow } from './delete.ts';
import { describe } from './describe.ts';
import { dropSource } from './drop-source.ts';
import { explain } from './explain.ts';
import { createFeatureView, dropFeatureView } from './feature-views.ts';
import { createFeatureService, dropFeatureService } from './feature-services.ts';
import type { Entity, Handler, HasRun } from './handler.ts';
import {
  featureViewIsMade,
  modelIsMade,
  queryViewIsMade,
  sameAs,
  serviceIsMade,
  sourceIsMade,
  typeIsMade,
} from './has-run.ts';
import { insert, insertHasRun } from './insert.ts';
import { dropModel } from './drop-model.ts';
import { materialize } from './materialize.ts';
import { createModel } from './models.ts';
import { createMonitor, dropMonitor } from './monitors.ts';
import { queryControl } from './query-control.ts';
import { define, setProperty, undefine, unsetProperty } from './settings.ts';
import { show } from './show.ts';
import { showCreate } from './show-create.ts';
import { createTrainingSet, dropTrainingSet } from './training-sets.ts';
import { createType, dropType } from './types.ts';
import { verifyFeatureView } from './verify.ts';
import { createView, dropView } from './views.ts';
import { isStackOverflow } from '../util/stack-overflow.ts';

/**
 * What a statement changes. Statements that change the catalogue run one at a time. A read-only server refuses those that
 * change more than the session.
 */
type Changes = 'nothing' | 'session' | 'catalogue' | 'data' | 'connect';

interface Row<S> {
  /** Runs the statement; `rows` for SELECT, SUMMARIZE and PRINT, which the query endpoints answer. */
  readonly handler: Handler<S> | 'rows';
  readonly changes: Changes | ((statement: S) => Changes);
  /** Whether a headless file may contain it. At a restart it is executed again, or skipped when `HasRun` says so. */
  readonly headless: 'refused' | 'at each start' | HasRun<S>;
}

/** The facts of all statements; a kind without an entry does not compile. */
const statements: { readonly [K in Statement['kind']]: Row<Extract<Statement, { kind: K }>> } = {
  createSource: { handler: createSource, changes: 'catalogue', headless: sourceIsMade },
  alterSource: { handler: alterSource, changes: 'catalogue', headless: 'refused' },
  dropSource: { handler: dropSource, changes: 'catalogue', headless: 'refused' },
  insert: {
    handler: insert,
    changes: ({ query }) => (query === undefined ? 'data' : 'catalogue'),
    headless: insertHasRun,
  },
  deleteEntity: { handler: deleteEntity, changes: 'data', headless: 'refused' },
  deleteRow: { handler: deleteRow, changes: 'data', headless: 'refused' },
  select: { handler: 'rows', changes: 'nothing', headless: 'refused' },
  print: { handler: 'rows', changes: 'nothing', headless: 'refused' },
  queryControl: { handler: queryControl, changes: 'catalogue', headless: 'refused' },
  explain: { handler: explain, changes: 'nothing', headless: 'refused' },
  show: { handler: show, changes: 'nothing', headless: 'refused' },
  showCreate: { handler: showCreate, changes: 'nothing', headless: 'refused' },
  summarize: { handler: 'rows', changes: 'nothing', headless: 'refused' },
  describe: { handler: describe, changes: 'nothing', headless: 'refused' },
  setProperty: { handler: setProperty, changes: 'session', headless: 'at each start' },
  unsetProperty: { handler: unsetProperty, changes: 'session', headless: 'at each start' },
  define: { handler: define, changes: 'session', headless: 'at each start' },
  undefine: { handler: undefine, changes: 'session', headless: 'at each start' },
  alterSystem: { handler: alterSystem, changes: 'catalogue', headless: 'refused' },
  createType: { handler: createType, changes: 'catalogue', headless: typeIsMade },
  dropType: { handler: dropType, changes: 'catalogue', headless: 'refused' },
  createView: { handler: createView, changes: 'catalogue', headless: queryViewIsMade },
  dropView: { handler: dropView, changes: 'catalogue', headless: 'refused' },
  createModel: { handler: createModel, changes: 'catalogue', headless: modelIsMade },
  alterModel: { handler: alterModel, changes: 'catalogue', headless: alterModelHasRun },
  dropModel: { handler: dropModel, changes: 'catalogue', headless: 'refused' },
  createFeatureView: { handler: createFeatureView, changes: 'catalogue', headless: featureViewIsMade },
  alterFeatureView: { handler: alterFeatureView, changes: 'catalogue', headless: 'refused' },
  materialize: { handler: materialize, changes: 'data', headless: 'refused' },
  dropFeatureView: { handler: dropFeatureView, changes: 'catalogue', headless: 'refused' },
  createFeatureService: { handler: createFeatureService, changes: 'catalogue', headless: serviceIsMade },
  dropFeatureService: { handler: dropFeatureService, changes: 'catalogue', headless: 'refused' },
  createTrainingSet: { handler: createTrainingSet, changes: 'catalogue', headless: 'refused' },
  dropTrainingSet: { handler: dropTrainingSet, changes: 'catalogue', headless: 'refused' },
  verifyFeatureView: { handler: verifyFeatureView, changes: 'nothing', headless: 'refused' },
  backfill: { handler: backfill, changes: 'data', headless: 'refused' },
  createMonitor: { handler: createMonitor, changes: 'catalogue', headless: sourceIsMade },
  dropMonitor: { handler: dropMonitor, changes: 'catalogue', headless: 'refused' },
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

/** Whether a statement returns rows (SELECT, SUMMARIZE and PRINT), so that the query endpoints answer it. */
export const givesRows = (statement: Statement): boolean => rowOf(statement).handler === 'rows';

/** Whether a read-only server executes it. */
export function isReadOnly(statement: Statement): boolean {
  const changes = changesOf(statement);
  return changes === 'nothing' || changes === 'session';
}

/** Whether a headless file may contain it. */
export const mayRunHeadless = (statement: Statement): boolean => rowOf(statement).headless !== 'refused';

/**
 * Whether an earlier start of a headless node has executed the statement. Throws where what it would make was made by another
 * statement.
 */
export function hasRun(statement: Statement, text: string, catalog: Catalog, session: Session): boolean {
  const { headless } = rowOf(statement);
  return typeof headless === 'function' && headless(statement, catalog, sameAs(statement, text, session));
}

/** Executes one statement, whose variables are replaced in `statement` already; those that change the catalogue run one at a time. */
export async function executeStatement(
  statement: Statement,
  text: string,
  engine: Engine,
  session: Session,
): Promise<Entity | undefined> {
  try {
    checkSwitches(statement, session);
    const answer = await run(statement, session.substitute(text), engine, session);
    return answer && withWarnings(answer, session);
  } catch (error) {
    // Plan walks are recursive: a statement with a hundred thousand columns or terms overflows the stack.
    if (isStackOverflow(error)) throw new SqlError('STATEMENT_TOO_COMPLEX', statement.span, {});
    throw error;
  }
}

/** An answer with the session's pending warnings. */
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

/** Parses a statement after replacing the session's variables. */
export function withVariables(raw: StatementText, session: Session): Statement {
  const text = session.substitute(raw.text);
  return text === raw.text ? parse(raw) : parse(splitScript({ name: raw.span.source.name, text })[0]!);
}

/**
 * Runs a script's statements in order; variables are replaced when a statement is reached. An error carries the answers so far.
 */
export async function executeScript(source: Source, engine: Engine, session: Session): Promise<Entity[]> {
  const entities: Entity[] = [];
  for (const raw of splitScript(source)) {
    const result = await executeStatement(withVariables(raw, session), raw.text, engine, session);
    if (result !== undefined) entities.push(result);
  }
  return entities;
}
