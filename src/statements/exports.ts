import type { QueryObject } from '../catalog/catalog.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import type { Span } from '../diagnostics/source.ts';
import type { Engine } from '../engine/engine.ts';
import { exportPlan } from '../engine/plan-query.ts';
import { folderFailure, folderPath, openFolder } from '../files/open-folder.ts';
import { fileEnding } from '../files/names.ts';
import { StoreFailure } from '../runtime/ports/online-store.ts';
import { exportKind, exportTarget, type ExportSpec, type OnlineSpec } from '../specs/exports.ts';
import { fileTimes } from '../specs/files.ts';
import type { SourceSpec } from '../specs/source.ts';
import type { Execution } from './handler.ts';
import { inId } from './query-ids.ts';

/** A query that writes a source's topic elsewhere, with what takes its folder back when it is not created after all. */
export interface Export {
  readonly query: QueryObject;
  readonly release: () => Promise<void>;
}

const keep = (): Promise<void> => Promise.resolve();

/**
 * The queries that write a source's rows elsewhere: each a query of its own behind the topic, so that the one that fills the topic
 * waits for no disk and no server. `number` is for the id of the first. Nothing is left of them when one of them is refused.
 */
export async function exportsFor(
  spec: SourceSpec,
  wanted: readonly ExportSpec[],
  number: number,
  span: Span,
  execution: Execution,
): Promise<Export[]> {
  const running = execution.engine.catalog.exportsOf(spec.name);
  for (const { plan } of running) {
    const same = wanted.find((to) => exportKind(to) === exportKind(plan));
    const target = exportTarget(plan);
    if (same === undefined || exportTarget(resolved(same)) !== target)
      throw new SqlError('REPLACE_REFUSED', span, { name: spec.name, why: `its rows stay in ${target}` });
  }
  const made: Export[] = [];
  try {
    for (const [i, to] of wanted.entries()) {
      const former = running.find(({ plan }) => exportKind(plan) === exportKind(to));
      made.push(await exportOf(spec, resolved(to), former, number + i, span, execution));
    }
    return made;
  } catch (error) {
    for (const { release } of made) await release();
    throw error;
  }
}

const resolved = (to: ExportSpec): ExportSpec =>
  to.files === undefined ? to : { files: { ...to.files, path: folderPath(to.files.path) } };

/** A window's end deletes nothing. */
const withDeletions = (to: ExportSpec, { kind, window }: SourceSpec): ExportSpec =>
  to.files !== undefined && kind === 'TABLE' && window === undefined ? { files: { ...to.files, deletes: true } } : to;

async function exportOf(
  spec: SourceSpec,
  to: ExportSpec,
  running: QueryObject | undefined,
  number: number,
  span: Span,
  { engine, text }: Execution,
): Promise<Export> {
  const { name } = spec;
  if (to.files !== undefined) checkNames(spec, span);
  const online = to.online && { ...to.online, version: running?.plan.online?.version ?? number };
  const plan = exportPlan(spec, online === undefined ? withDeletions(to, spec) : { online });
  if (online !== undefined && online.validates) await checkStore(spec, online, span, engine);
  const query: QueryObject = {
    id: running?.id ?? `EXPORT_${inId(name)}_${number}`,
    kind: 'EXPORT',
    statement: text,
    sources: [name],
    sink: exportTarget(to),
    plan,
    paused: running?.paused ?? false,
    properties: { 'auto.offset.reset': 'earliest' },
  };
  const claims = running === undefined && to.files !== undefined;
  return { query, release: claims ? await claim(spec, to.files.path, span) : keep };
}

/** A store must answer when a statement names it. */
async function checkStore(spec: SourceSpec, online: OnlineSpec, span: Span, { stores }: Engine): Promise<void> {
  try {
    await stores?.open(online, spec.schema).check();
  } catch (error) {
    if (!(error instanceof StoreFailure)) throw error;
    throw new SqlError('STORE_REFUSED', span, { name: spec.name, why: error.message });
  }
}

function checkNames({ name, schema }: SourceSpec, span: Span): void {
  const taken = new Map<string, string>([...fileTimes, 'dt'].map((column) => [column, column]));
  for (const { name: column } of schema) {
    const lower = column.toLowerCase();
    if (taken.has(lower))
      throw new SqlError('FILES_REFUSED', span, {
        name,
        why: `column ${column} would be ${taken.get(lower)!} there too`,
        hint: 'Give the column another name: names in files are told apart without their case.',
      });
    taken.set(lower, column);
  }
}

/** Takes a folder for a source's files. One that has files of others, or of an earlier source of this name, is refused. */
async function claim({ name, topic }: SourceSpec, path: string, span: Span): Promise<() => Promise<void>> {
  const folder = openFolder(path);
  const hint = "Name another folder, or move away what is in this one: a source's files are in a folder of their own.";
  let holds: string | undefined;
  try {
    holds = await folder.claim(JSON.stringify({ source: name, topic }));
  } catch (error) {
    const { why, hint } = folderFailure(
      error,
      'The folder must be there, or be made, on every node, and the server must be allowed to write to it.',
    );
    throw new SqlError('FILES_REFUSED', span, { name, why: `${path} cannot be written to (${why})`, hint });
  }
  if (holds !== undefined) throw new SqlError('FILES_REFUSED', span, { name, why: `${path} holds ${holds}`, hint });
  const others = await folder.shown(fileEnding);
  if (others.length === 0) return () => folder.release();
  await folder.release();
  throw new SqlError('FILES_REFUSED', span, { name, why: `${path} has files already, such as ${others[0]!}`, hint });
}
