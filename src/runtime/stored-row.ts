import { findFormat } from '../formats/index.ts';
import type { SourceStep } from '../plan/physical/steps/source.ts';
import type { SourceSpec } from '../specs/source.ts';
import { keyColumns, valueColumns } from '../types/schema.ts';
import type { Row, Value } from '../types/sql-type.ts';
import type { Change } from './change.ts';

/** Converts a row of a table's state, whose columns have these names, to a row of a source. */
export function storedRow(step: SourceStep, names: readonly string[]): (change: Change) => Row {
  const fill = fillerOf(step.source);
  return (change) => {
    const row = sourceRow(change, step, names);
    return fill === undefined ? row : filled(row, step, fill);
  };
}

/** The columns that the query reads, from a row of the state. */
function sourceRow(
  { after, key, timestamp, window }: Change,
  { reads, source }: SourceStep,
  names: readonly string[],
): Row {
  const keys = keyColumns(source.schema).map(({ name }) => name);
  return reads.map((name): Value => {
    const slot = names.indexOf(name);
    if (slot >= 0) return after![slot] ?? null;
    const keySlot = keys.indexOf(name);
    if (keySlot >= 0) return key[keySlot] ?? null;
    if (name === 'ROWTIME') return timestamp;
    if (name === 'WINDOWSTART') return window?.start ?? null;
    return name === 'WINDOWEND' ? (window?.end ?? null) : null;
  });
}

/** What a format that cannot hold NULL makes of the values of a row; undefined where rows stay as they are. */
export function fillerOf({ schema, valueFormat }: SourceSpec): ((values: Value[]) => void) | undefined {
  const slots = valueColumns(schema).map(({ name, type }, slot) => ({
    name,
    type,
    slot,
  }));
  return findFormat(valueFormat.format)!.fillNulls?.(slots, valueFormat);
}

/** A row as its topic's format would have it, also when it comes from state. */
function filled(row: Row, { reads, source }: SourceStep, fill: (values: Value[]) => void): Row {
  const columns = valueColumns(source.schema);
  const values: Value[] = columns.map(({ name }) => row[reads.indexOf(name)] ?? null);
  fill(values);
  return row.map((value, slot) => {
    const at = columns.findIndex(({ name }) => name === reads[slot]);
    return at < 0 ? value : values[at]!;
  });
}
