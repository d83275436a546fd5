import { requireView } from '../bind/context.ts';
import { isEvaluatedAtRead } from '../catalog/catalog.ts';
import { Properties } from '../bind/properties.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import type { Span } from '../diagnostics/source.ts';
import { BackfillFolder } from '../engine/backfill/folder.ts';
import { BackfillJob, planOfBackfill } from '../engine/backfill/job.ts';
import type { BackfillRange } from '../engine/backfill/progress.ts';
import type { Engine } from '../engine/engine.ts';
import { timeBounds } from '../engine/time-bounds.ts';
import { orderDependence } from '../engine/verification/order.ts';
import type { Backfill } from '../syntax/statements/backfill.ts';
import { backfillOptions } from './backfill-options.ts';
import { folderFailure, folderPath } from '../files/open-folder.ts';
import { entity, type Handler } from './handler.ts';
import { isAtWork, workId } from './view-work.ts';

/** BACKFILL FEATURE VIEW: starts a job that writes what the view gives over a range of time, and answers at once. */
export const backfill: Handler<Backfill> = async (statement, { engine, text }) => {
  const { span } = statement.name;
  const view = requireView(engine.catalog, statement.name);
  const { name } = view.spec;
  const refuse = (why: string, at: Span = statement.span, hint?: string): never => {
    throw new SqlError('BACKFILL_REFUSED', at, { view: name, why, hint });
  };
  if (isEvaluatedAtRead(view.featureView))
    return refuse(
      "with EVAL='AT_READ' its features are of the time of a read, and files have those of events",
      span,
      "BACKFILL is for views with EVAL='AT_EVENT'.",
    );
  const query = engine.catalog.fillingQuery(name);
  if (query === undefined) return refuse('the query that fills it was terminated');
  const given = new Properties(statement.properties, backfillOptions, statement.span);
  const range: BackfillRange = {
    ...boundsOf(statement, refuse),
    path: folderPath(given.required('PATH')),
    rowsPerFile: given.read('ROWS_PER_FILE'),
    readFrom: given.read('READ_FROM'),
    materializes: given.read('MATERIALIZE'),
  };
  if (range.materializes && engine.catalog.onlineOf(name) === undefined)
    return refuse(
      'the state of its query serves it, and there is no other store to write it into',
      given.span('MATERIALIZE'),
      "Leave MATERIALIZE out: it is for ONLINE_STORE='redis' and 'dynamodb'.",
    );
  const id = workId('BACKFILL', name);
  const before = engine.backfills.get(name);
  if (before !== undefined && isAtWork(before))
    return refuse(`it is being backfilled already: TERMINATE ${id} ends that`);
  const other = [...engine.backfills].find(([, job]) => job.range.path === range.path && isAtWork(job));
  if (other !== undefined) return refuse(`the backfill of ${other[0]} is writing to ${range.path}`, given.span('PATH'));
  const isOrdered = orderDependence(query.plan) === undefined;
  const folder = new BackfillFolder(range.path, planOfBackfill(view, range));
  const made = await prepared(folder, given.read('MODE') === 'OVERWRITE', isOrdered, (why, hint) => {
    throw new SqlError('FILES_REFUSED', given.span('PATH'), { name: name, why: `${range.path}: ${why}`, hint });
  });
  if (made !== undefined && range.materializes && made['entities'] === null)
    return refuse(
      'its files are whole, and were made without MATERIALIZE',
      statement.span,
      "MODE='OVERWRITE' makes them again.",
    );
  if (made !== undefined)
    return entity('backfill_started', text, {
      id,
      path: range.path,
      isWhole: true,
      message: `It is whole already: ${range.path} has its manifest.`,
    });
  engine.backfills.set(name, new BackfillJob(view, query, range, engine));
  const message = `Feature view ${name} is being backfilled. SHOW BACKFILLS tells how far it is.`;
  return entity('backfill_started', text, { id, path: range.path, isWhole: false, message });
};

function boundsOf({ from, to, span }: Backfill, refuse: (why: string, at?: Span) => never) {
  return timeBounds(
    from?.text,
    to?.text,
    (time, bound) =>
      refuse(`'${time}' is no time; write it as '2026-01-31T00:00:00Z'`, (bound === 'from' ? from : to)?.span),
    () => refuse('FROM must be before TO', to?.span ?? span),
  );
}

/** Makes the folder ready; gives the manifest of a backfill that is whole already. */
async function prepared(
  folder: BackfillFolder,
  overwrites: boolean,
  isOrdered: boolean,
  refuse: (why: string, hint: string) => never,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  try {
    if (overwrites && !(await folder.clear()))
      return refuse('it is not of a backfill', 'Name another folder: a backfill has one of its own.');
    const held = await folder.claim();
    if (held !== undefined)
      return refuse(held, "Name another folder, or say MODE='OVERWRITE' where it is of another backfill.");
    const made = await folder.manifest();
    // Rows that may come in another order cannot be gone on with.
    if (made === undefined && !isOrdered) {
      await folder.clear();
      await folder.claim();
    }
    return made;
  } catch (error) {
    if (error instanceof SqlError) throw error;
    const { why, hint } = folderFailure(error, 'The server must be allowed to make the folder and to write to it.');
    return refuse(`it cannot be written to (${why})`, hint);
  }
}

/** What SHOW BACKFILLS tells: the last one of each view that this node has begun. */
export function listBackfills({ backfills }: Engine): Record<string, unknown>[] {
  return [...backfills].map(([view, { range, progress }]) => ({
    id: workId('BACKFILL', view),
    view,
    ...range,
    fromMs: range.fromMs ?? null,
    toMs: range.toMs ?? null,
    ...progress,
    error: progress.error ?? null,
  }));
}
