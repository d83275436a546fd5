import type { Engine } from '../../src/engine/engine.ts';
import type { Session } from '../../src/engine/session.ts';
import { explainSteps } from '../../src/plan/physical/explain.ts';
import { explainedQuery, explainedStatement, stagesOf, type Explained } from '../../src/statements/explain.ts';
import { parseScript } from '../../src/syntax/parse.ts';
import type { Statement } from '../../src/syntax/statements/index.ts';

/** The plan of a statement with a query: as it is planned, as the rules leave it where they change it, and its steps. */
export function planText({ catalog }: Engine, session: Session, sql: string): string {
  return textOf(sql, explainedQuery(statementOf(sql), catalog, session));
}
/** The same, also for a monitor, which reads its baseline; of EXPLAIN the steps of the query that runs. */
export async function plannedText(engine: Engine, session: Session, sql: string): Promise<string> {
  const statement = statementOf(sql);
  const running = statement.kind === 'explain' ? engine.catalog.queries.get(statement.query!.text) : undefined;
  if (running !== undefined) return `Steps:\n${explainSteps(running.plan, true)}`;
  return textOf(sql, await explainedStatement(statement, engine, session));
}

const statementOf = (sql: string): Statement => parseScript({ name: 'test', text: sql })[0]!;

function textOf(sql: string, explained: Explained | undefined): string {
  if (explained === undefined) throw new TypeError(`golden: no query in "${sql}"`);
  const [planned, optimized] = stagesOf(explained.logical, explained.first);
  const [head, ...tree] = optimized.split('\n');
  const isSame = planned.split('\n').slice(1).join('\n') === tree.join('\n');
  return [planned, isSame ? head! : optimized, `Steps:\n${explainSteps(explained.physical, true)}`].join('\n');
}
