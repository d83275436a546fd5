import { requireView } from '../bind/context.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import type { Engine } from '../engine/engine.ts';
import { timeBounds } from '../engine/time-bounds.ts';
import { VerificationJob } from '../engine/verification/job.ts';
import type { VerifyFeatureView } from '../syntax/statements/verify.ts';
import { entity, type Handler } from './handler.ts';
import { isAtWork, workId } from './view-work.ts';

/** VERIFY FEATURE VIEW: answers with the report when it is done; SHOW VERIFICATIONS tells how far it is. */
export const verifyFeatureView: Handler<VerifyFeatureView> = async (statement, { engine, text }) => {
  const view = requireView(engine.catalog, statement.name);
  const { name } = view.spec;
  const refuse = (why: string): never => {
    throw new SqlError('VERIFICATION_REFUSED', statement.span, { view: name, why });
  };
  const query = engine.catalog.fillingQuery(name);
  if (query === undefined) return refuse('the query that fills it was terminated');
  const range = rangeOf(statement, refuse);
  const before = engine.verifications.get(name);
  if (before !== undefined && isAtWork(before))
    return refuse(`it is being verified already: TERMINATE ${workId('VERIFICATION', name)} ends that`);
  const job = new VerificationJob(view, query, range, engine);
  engine.verifications.set(name, job);
  await job.done;
  const { progress, report } = job;
  if (progress.state === 'CANCELLED') return refuse('it was terminated');
  if (report === undefined) return refuse(progress.error ?? 'it gave no report');
  return entity('feature_view_verification', text, { verification: report });
};

function rangeOf({ from, to, sample }: VerifyFeatureView, refuse: (why: string) => never) {
  const bounds = timeBounds(
    from,
    to,
    (text) => refuse(`'${text}' is no time; write it as '2026-01-31T00:00:00Z'`),
    () => refuse('FROM must be before TO'),
  );
  if (sample !== undefined && (sample < 1 || !Number.isSafeInteger(sample))) refuse('SAMPLE is a number of entities');
  return { ...bounds, sample };
}

/** What SHOW VERIFICATIONS tells: the last one of each view that this node has begun. */
export function listVerifications({ verifications }: Engine): Record<string, unknown>[] {
  return [...verifications].map(([view, { progress, report }]) => ({
    id: workId('VERIFICATION', view),
    view,
    ...progress,
    error: progress.error ?? null,
    result: report?.result ?? null,
    differing: report?.differing ?? null,
    orderDependentRows: report?.orderDependentRows ?? null,
  }));
}
