import type { Engine } from '../../src/engine/engine.ts';
import type { Session } from '../../src/engine/session.ts';
import { explainSteps } from '../../src/plan/physical/explain.ts';
import { explainedQuery, stagesOf } from '../../src/statements/explain.ts';
import { parseScript } from '../../src/syntax/parse.ts';

/** The plan of a statement with a query: as it is planned, as the rules leave it where they change it, and its steps. */
export function planText({ catalog }: Engine, session: Session, sql: string): string {
  const [statement] = parseScript({ name: 'test', text: sql });
  const explained = statement && explainedQuery(statement, catalog, session);
  if (explained === undefined) throw new TypeError(`golden: no query in "${sql}"`);
  const [planned, optimized] = stagesOf(explained.logical);
  const [head, ...tree] = optimized.split('\n');
  const isSame = planned.split('\n').slice(1).join('\n') === tree.join('\n');
  return [planned, isSame ? head! : optimized, `Steps:\n${explainSteps(explained.physical, true)}`].join('\n');
}
