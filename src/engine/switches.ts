import { SqlError } from '../diagnostics/sql-error.ts';
import type { Span } from '../diagnostics/source.ts';
import type { Statement } from '../syntax/statements/index.ts';
import type { Session } from './session.ts';

/** Refuses constructs that the server or session has disabled, wherever they are in the statement. */
export function checkSwitches(statement: Statement, session: Session): void {
  const refuse = (construct: string, setting: string, span: Span): never => {
    throw new SqlError('SWITCHED_OFF', span, { what: construct, setting });
  };
  if (!session.read('ksql.lambdas.enabled')) {
    const lambda = findLambda(statement);
    if (lambda !== undefined) refuse('lambda functions are', 'ksql.lambdas.enabled', lambda);
  }
  if (!session.read('ksql.headers.columns.enabled') && statement.kind === 'createSource') {
    const header = statement.elements.find(({ role }) => role === 'header');
    if (header !== undefined) refuse('columns of headers are', 'ksql.headers.columns.enabled', header.span);
  }
}

/** The span of the first lambda in a part of a statement. */
function findLambda(node: unknown): Span | undefined {
  if (typeof node !== 'object' || node === null) return undefined;
  if ('kind' in node && node.kind === 'lambda' && 'span' in node) return node.span as Span;
  for (const [name, child] of Object.entries(node)) {
    const lambda = name === 'span' ? undefined : findLambda(child);
    if (lambda !== undefined) return lambda;
  }
  return undefined;
}
