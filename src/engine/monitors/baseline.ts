import { openFolder } from '../../files/open-folder.ts';
import { fileEnding } from '../../files/names.ts';
import { openParquet } from '../../files/parquet-reader.ts';
import { SqlError } from '../../diagnostics/sql-error.ts';
import type { Span } from '../../diagnostics/source.ts';
import { addTo, emptyStats } from '../../runtime/monitor/column-stats.ts';
import { compress, countsBetween, edgesOf } from '../../runtime/monitor/digest.ts';
import type { ColumnStats } from '../../specs/column-stats.ts';
import type { SourceNode } from '../../syntax/query.ts';
import type { CreateMonitor, MonitorBaseline } from '../../syntax/statements/monitors.ts';
import type { Row, SqlType } from '../../types/sql-type.ts';
import { closest } from '../../util/closest.ts';
import type { Engine } from '../engine.ts';
import type { Session } from '../session.ts';
import { timeBounds } from '../time-bounds.ts';
import { openSpine } from '../training/spine.ts';
import type { ReadColumn } from './metric-list.ts';

/** The rows that a monitor compares with. */
interface BaselineRows {
  readonly columns: readonly { readonly name: string; readonly type: SqlType }[];
  readonly rows: () => AsyncIterable<readonly Row[]>;
}

/** What a baseline says of a column: the edges of its bins, and its values as they are compared. */
export interface BaselineColumn {
  readonly edges: readonly number[] | undefined;
  readonly stats: ColumnStats;
}

/** All columns of a plan together keep no more values of the baseline than this: they are in a record of the command log. */
const mostKept = 20_000;

/** Reads a baseline of rows that are there; undefined for one that is other windows. */
export async function readBaseline(
  { name, baseline }: CreateMonitor,
  columns: readonly ReadColumn[],
  bins: number,
  engine: Engine,
  session: Session,
): Promise<{ readonly rows: number; readonly columns: readonly (BaselineColumn | undefined)[] } | undefined> {
  if (baseline === undefined || baseline.kind === 'PREVIOUS' || baseline.kind === 'MODEL') return undefined;
  const refuse = (why: string, span: Span = baseline.span): never => {
    throw new SqlError('MONITOR_INVALID', span, { name: name.text, why, hint: undefined });
  };
  const compared = columns.filter(({ isCompared }) => isCompared);
  const { columns: given, rows } = await openBaseline(baseline, engine, session, refuse);
  const places = compared.map((column) => {
    const at = given.findIndex((each) => each.name === column.name);
    if (at < 0) {
      const names = given.map((each) => each.name);
      throw new SqlError('COLUMN_NOT_FOUND', baseline.span, {
        column: column.name,
        candidates: names,
        suggestion: closest(column.name, names),
      });
    }
    const { type } = given[at]!;
    const isNumber = type.kind !== 'STRING' && type.kind !== 'BOOLEAN';
    if (isNumber !== (column.as === 'number'))
      refuse(`its baseline has ${column.name} as ${type.kind}, and the target as ${column.type.kind}`);
    return { at, scale: type.kind === 'DECIMAL' ? 10 ** type.scale : 1 };
  });
  const measured = compared.map(({ as }) => ({ as, edges: undefined, keepsValues: true }));
  const stats = measured.map(emptyStats);
  let count = 0;
  for await (const batch of rows()) {
    count += batch.length;
    for (const row of batch)
      places.forEach(({ at, scale }, i) => addTo(stats[i]!, measured[i]!, row[at] ?? null, scale));
  }
  if (count === 0) refuse('its baseline has no rows');
  const kept = Math.floor(mostKept / Math.max(1, compared.filter(({ keepsValues }) => keepsValues).length));
  const read = compared.map((column, i) => {
    if (stats[i]![1] === 0) refuse(`its baseline has no value of ${column.name}`);
    return ofColumn(column, stats[i]!, bins, kept);
  });
  return { rows: count, columns: columns.map((column) => read[compared.indexOf(column)]) };
}

function ofColumn({ as, keepsValues }: ReadColumn, stats: ColumnStats, bins: number, kept: number): BaselineColumn {
  const [nulls, count, mean, squares, , digest, categories] = stats;
  if (as === 'category') return { edges: undefined, stats };
  const edges = edgesOf(digest!, bins);
  const counts = countsBetween(digest!, edges);
  compress(digest!, kept);
  return { edges, stats: [nulls, count, mean, squares, counts, keepsValues ? digest : null, categories] };
}

async function openBaseline(
  baseline: Extract<MonitorBaseline, { kind: 'TRAINING SET' | 'STREAM' | 'QUERY' }>,
  engine: Engine,
  session: Session,
  refuse: (why: string, span?: Span) => never,
): Promise<BaselineRows> {
  const { span } = baseline;
  if (baseline.kind === 'TRAINING SET') return trainingRows(baseline.name, engine, refuse);
  if (baseline.kind === 'QUERY') {
    const from: SourceNode = { name: { text: '', span }, alias: undefined, query: baseline.query, span };
    return openSpine(from, engine, session);
  }
  const { fromMs, toMs } = timeBounds(
    baseline.from,
    baseline.to,
    (text) => refuse(`'${text}' is no time; write it as '2026-01-31T00:00:00Z'`),
    () => refuse('FROM must be before TO'),
  );
  const all = await openSpine({ name: baseline.name, alias: undefined, span }, engine, session);
  const at = all.columns.findIndex(({ name }) => name === 'ROWTIME');
  return {
    columns: all.columns,
    async *rows() {
      for await (const batch of all.rows())
        yield batch.filter((row) => Number(row[at]) >= fromMs! && Number(row[at]) < toMs!);
    },
  };
}

/** The rows of a training set's files, with names as SQL has them. */
async function trainingRows(
  { text: name, span }: CreateMonitor['name'],
  { catalog }: Engine,
  refuse: (why: string, span?: Span) => never,
): Promise<BaselineRows> {
  const set = catalog.trainingSets.get(name);
  if (set === undefined)
    throw new SqlError('TRAINING_SET_NOT_FOUND', span, {
      name,
      suggestion: closest(name, catalog.trainingSets.keys()),
    });
  const folder = openFolder(set.path);
  const names = await folder.shown(fileEnding).catch(() => []);
  if (names.length === 0) refuse(`the training set ${name} has no files yet in ${set.path}`, span);
  const files = await Promise.all(names.map((each) => openParquet(folder.file(each))));
  const { columns } = files[0]!;
  return {
    columns: columns.map((column) => ({ ...column, name: column.name })),
    async *rows() {
      for (const file of files) yield* file.rows(columns.map((column) => column.name));
    },
  };
}
