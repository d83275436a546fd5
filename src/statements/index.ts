import { SqlError } from '../diagnostics/sql-error.ts';
import type { Source } from '../diagnostics/source.ts';
import type { Engine } from '../engine/engine.ts';
import type { Session } from '../engine/session.ts';
import { parse, splitScript } from '../syntax/parse.ts';
import type { Statement } from '../syntax/statements/index.ts';
import { alterSource, alterSystem } from './alter-source.ts';
import { assertSchema, assertSource, assertTopic, assertValues } from './assert.ts';
import { createConnector, describeConnector, dropConnector, showConnectors } from './connectors.ts';
import { createSource } from './create-source.ts';
import { deleteRow } from './delete.ts';
import { describe } from './describe.ts';
import { dropSource } from './drop-source.ts';
import { explain } from './explain.ts';
import { createFeatureView, dropFeatureView } from './feature-views.ts';
import type { Entity, Handler } from './handler.ts';
import { insert } from './insert.ts';
import { alterModel, createModel, dropModel } from './models.ts';
import { queryControl } from './query-control.ts';
import { define, setProperty, undefine, unsetProperty } from './settings.ts';
import { show } from './show.ts';
import { createType, dropType } from './types.ts';

/** SELECT and PRINT give rows to a client: the query endpoints answer them. */
const asksForRows: Handler<Statement> = (statement) => {
  throw new SqlError('QUERY_ENDPOINT', statement.span, {});
};

/** A statement kind with no entry here does not compile. */
const handlers: { readonly [K in Statement['kind']]: Handler<Extract<Statement, { kind: K }>> } = {
  createSource,
  dropSource,
  insert,
  queryControl,
  explain,
  show,
  describe,
  setProperty,
  unsetProperty,
  define,
  undefine,
  createModel,
  alterModel,
  dropModel,
  createFeatureView,
  dropFeatureView,
  createType,
  dropType,
  alterSource,
  alterSystem,
  assertTopic,
  assertSchema,
  assertValues,
  assertSource,
  deleteRow,
  createConnector,
  dropConnector,
  describeConnector,
  showConnectors,
  select: asksForRows,
  print: asksForRows,
};

const changes = new Set<Statement['kind']>([
  'createSource',
  'dropSource',
  'insert',
  'queryControl',
  'createModel',
  'alterModel',
  'dropModel',
  'createFeatureView',
  'dropFeatureView',
  'createType',
  'dropType',
  'alterSource',
  'alterSystem',
]);

/** Runs one statement; those that change the catalogue run one at a time. */
export async function executeStatement(
  statement: Statement,
  text: string,
  engine: Engine,
  session: Session,
): Promise<Entity | undefined> {
  try {
    return await run(statement, text, engine, session);
  } catch (error) {
    // What walks a plan calls itself: a statement of a hundred thousand columns or terms takes all of the stack.
    if (error instanceof RangeError) throw new SqlError('STATEMENT_TOO_COMPLEX', statement.span, {});
    throw error;
  }
}

function run(statement: Statement, text: string, engine: Engine, session: Session): Promise<Entity | undefined> {
  const handler = handlers[statement.kind] as Handler<Statement>;
  const isChange = changes.has(statement.kind) && !(statement.kind === 'insert' && statement.query === undefined);
  const refuse = (): never => {
    throw new SqlError('INTERNAL', statement.span, { why: `${statement.kind} changes the catalogue outside its lock` });
  };
  if (!isChange) return handler(statement, { engine, session, text, distribute: refuse });
  return engine.change((distribute) => handler(statement, { engine, session, text, distribute }));
}

/** Runs a script's statements in order; variables are replaced as each is reached. Gives the answers so far with the error. */
export async function executeScript(source: Source, engine: Engine, session: Session): Promise<Entity[]> {
  const entities: Entity[] = [];
  for (const raw of splitScript(source)) {
    const text = session.substitute(raw.text);
    const statement = text === raw.text ? parse(raw) : parse(splitScript({ name: source.name, text })[0]!);
    const result = await executeStatement(statement, raw.text, engine, session);
    if (result !== undefined) entities.push(result);
  }
  return entities;
}
