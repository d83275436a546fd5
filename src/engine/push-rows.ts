import type { SourceObject } from '../catalog/catalog.ts';
import { noSpan } from '../diagnostics/source.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import type { SourceSpec } from '../specs/source.ts';
import { JsonNumber, type Json } from '../types/json.ts';
import { EvaluationError } from '../types/numbers.ts';
import { parseTimestamp, withT } from '../types/times.ts';
import type { Engine } from './engine.ts';
import { rowOfJson } from './insert-json.ts';
import { isWritable, recordOf } from './insert-values.ts';
import { storedName } from './online-features.ts';
import { refuseRequest } from './online-lookup.ts';

/** The stream or table that a push writes into: the one of this name, or the one that the feature view of this name reads. */
export function pushTarget(name: string, { catalog }: Engine): SourceObject {
  const source = catalog.sources.get(storedName(name, catalog.sources));
  if (source === undefined) throw new SqlError('NOT_FOUND', noSpan, { what: `source "${name}" of push_source_name` });
  if (source.featureView === undefined) {
    if (!isWritable(source)) refuseRequest(`"${source.spec.name}" is read-only`);
    return source;
  }
  const reads = catalog.queries.get(source.createdBy!)!.sources.map((each) => catalog.sources.get(each)!);
  const [target, ...others] = reads.filter(isWritable);
  if (target === undefined || others.length > 0)
    return refuseRequest(
      `feature view "${source.spec.name}" reads ${reads.map(({ spec }) => spec.name).join(', ')}: push_source_name must be one that can be written to`,
    );
  return target;
}

/** Writes all rows of a push into the topic of its source, or none when one of them is wrong. Gives how many there were. */
export async function pushRows(
  columns: ReadonlyMap<string, Json>,
  { spec }: SourceObject,
  engine: Engine,
): Promise<number> {
  const lists = [...columns].map(([name, list]): readonly [string, readonly Json[]] =>
    Array.isArray(list) ? [name, list] : refuseRequest(`"${name}" of df must be a list of values`),
  );
  const [first] = lists;
  if (first === undefined) return refuseRequest('df has no columns');
  const uneven = lists.find(([, list]) => list.length !== first[1].length);
  if (uneven !== undefined)
    refuseRequest(`df has ${first[1].length} values of "${first[0]}" and ${uneven[1].length} of "${uneven[0]}"`);
  const names = lists.map(([name]) => rowTimeName(name, spec));
  const records = first[1].map((_value, at) => {
    const row = lists.map(([, list], i) => [names[i]!, timeOf(names[i]!, list[at]!, spec)] as const);
    try {
      return recordOf(spec, rowOfJson(row, spec), noSpan);
    } catch (error) {
      if (!(error instanceof SqlError) || error.code !== 'INSERT_VALUES') throw error;
      return refuseRequest(`row ${at + 1} of df: ${error.message.split('\n')[0]!}; nothing was written`);
    }
  });
  if (records.length > 0) await engine.node.produce(spec.topic, records);
  return records.length;
}

/** Feast's rows bring `event_timestamp`; where a source has no such column, it is the time of the row. */
function rowTimeName(name: string, { schema }: SourceSpec): string {
  const isTime = name.toLowerCase() === 'event_timestamp';
  return isTime && !schema.some((column) => isNamed(column.name)(name)) ? 'ROWTIME' : name;
}
const isNamed = (column: string) => (name: string) => column === name || column === name.toUpperCase();

/** Times are texts in a data frame; those of a row's time that are kept as numbers are read as such. */
function timeOf(name: string, value: Json, { schema, timestamp }: SourceSpec): Json {
  if (typeof value !== 'string') return value;
  const column = schema.find((each) => isNamed(each.name)(name));
  const isTime = column === undefined ? name === 'ROWTIME' : column.type.kind === 'TIMESTAMP';
  const isNumber = column?.name === timestamp?.column && column?.type.kind === 'BIGINT';
  if ((!isTime && !isNumber) || /^\d+$/.test(value)) return value;
  const text = withT(value).replace(/(\.\d{3})\d+/, '$1');
  if (column?.type.kind === 'TIMESTAMP') return text;
  try {
    return new JsonNumber(String(parseTimestamp(text)));
  } catch (error) {
    if (!(error instanceof EvaluationError)) throw error;
    return refuseRequest(`"${name}" of df: ${error.message}; nothing was written`);
  }
}
