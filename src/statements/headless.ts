import type { Source } from '../diagnostics/source.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import type { Engine } from '../engine/engine.ts';
import { Session } from '../engine/session.ts';
import { parse, splitScript, type StatementText } from '../syntax/parse.ts';
import type { Statement } from '../syntax/statements/index.ts';
import { executeStatement, hasRun, mayRunHeadless, withVariables } from './index.ts';

/** Splits the files to run headless; refuses statements that such a file cannot contain before the node starts. */
export function readHeadless(files: readonly Source[]): StatementText[] {
  const statements = files.flatMap((file) => splitScript(file));
  // A statement with variables can only be parsed and checked when it is reached.
  for (const raw of statements) if (!raw.text.includes('${')) check(parse(raw));
  return statements;
}

/**
 * Runs the statements in order; skips those that an earlier start has executed, according to the catalogue, and refuses one whose
 * name another statement has.
 */
export async function runHeadless(statements: readonly StatementText[], engine: Engine): Promise<void> {
  const session = new Session(engine.defaults);
  for (const raw of statements) {
    const statement = check(withVariables(raw, session));
    const text = session.substitute(raw.text);
    if (!hasRun(statement, text, engine.catalog, session)) await executeStatement(statement, text, engine, session);
  }
}

function check(statement: Statement): Statement {
  if (mayRunHeadless(statement)) return statement;
  throw new SqlError('BAD_REQUEST', statement.span, {
    why: 'a file of queries may hold CREATE, INSERT, SET and DEFINE statements only',
  });
}
