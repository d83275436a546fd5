import type { Source } from '../diagnostics/source.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import type { Engine } from '../engine/engine.ts';
import { Session } from '../engine/session.ts';
import { parse, splitScript, type StatementText } from '../syntax/parse.ts';
import type { Statement } from '../syntax/statements/index.ts';
import { executeStatement, hasRun, mayRunHeadless, withVariables } from './index.ts';

/** Cuts files that are to run headless; what such a file may not hold is refused here, before a node starts. */
export function readHeadless(files: readonly Source[]): StatementText[] {
  const statements = files.flatMap((file) => splitScript(file));
  // What a variable stands in is known when it is reached.
  for (const raw of statements) if (!raw.text.includes('${')) check(parse(raw));
  return statements;
}

/** Runs them in order. A restart finds what they made in the command log: that is left as it is. */
export async function runHeadless(statements: readonly StatementText[], engine: Engine): Promise<void> {
  const session = new Session(engine.defaults);
  for (const raw of statements) {
    const statement = check(withVariables(raw, session));
    if (!hasRun(statement, raw.text, engine.catalog)) await executeStatement(statement, raw.text, engine, session);
  }
}

function check(statement: Statement): Statement {
  if (mayRunHeadless(statement)) return statement;
  throw new SqlError('BAD_REQUEST', statement.span, {
    why: 'a file of queries may hold CREATE, INSERT, SET and DEFINE statements only',
  });
}
