import { findFormat } from '../formats/index.ts';
import type { StepColumn } from '../plan/physical/steps/base.ts';
import type { FormatSpec } from '../specs/source.ts';
import type { Row, Value } from '../types/sql-type.ts';
import { Bytes } from '../util/bytes.ts';

/**
 * Gives rows as who reads their topic has them, and nothing for one that the format refuses; undefined where rows are read as they are:
 * the format keeps every value, and the statement names no schema that may have other types.
 */
export function asWritten(
  columns: readonly StepColumn[],
  { valueFormat }: { readonly valueFormat: FormatSpec },
): WrittenRow | undefined {
  const format = findFormat(valueFormat.format)!;
  if (format.losesValues !== true && valueFormat.schemaId === undefined) return undefined;
  const values = columns.flatMap(({ name, type, role }, slot) => (role === 'value' ? [{ name, type, slot }] : []));
  const { schema } = valueFormat;
  const encode = format.encoder(values, valueFormat);
  const decode = format.decoder(values, { ...valueFormat, schemas: schema && { get: () => schema } });
  const out = new Bytes();
  return (row) => {
    out.length = 0;
    const read: Value[] = [...row];
    for (const { slot } of values) read[slot] = null;
    try {
      return encode(row, out) && decode(out.from(0), 0, out.length, read) ? read : row;
    } catch {
      // Who writes it to the topic has reported it.
      return undefined;
    }
  };
}

/** A row as its topic has it; undefined: the topic does not have it. */
export type WrittenRow = (row: Row) => Row | undefined;
