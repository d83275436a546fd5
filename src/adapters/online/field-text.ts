import { fromJson } from '../../formats/json-convert.ts';
import { castBetween } from '../../types/casts.ts';
import { parseJson } from '../../types/json.ts';
import { jsonWriter } from '../../types/json-text.ts';
import { STRING, type Row, type SqlType, type Value } from '../../types/sql-type.ts';
import { valueText } from '../../types/text.ts';

/** How values of a type stand in a store as text, and how they are read again. */
export interface FieldText {
  readonly write: (value: Exclude<Value, null>) => string;
  readonly read: (text: string) => Value;
}

/** Numbers and times as CAST AS STRING gives them, nested values as JSON. */
export function fieldText(type: SqlType): FieldText {
  if (type.kind === 'STRING') return { write: (value) => value as string, read: (text) => text };
  if (type.kind === 'ARRAY' || type.kind === 'MAP' || type.kind === 'STRUCT')
    return {
      write: jsonWriter(type),
      read: (text) => fromJson(parseJson(text), type, 'field'),
    };
  const read = castBetween(STRING, type)!;
  return { write: (value) => valueText(type, value), read };
}

const escaped = (part: string): string => part.replace(/[\\|]/g, String.raw`\$&`);

/** The text of an entity: its only value, or several with bars between them, which are escaped in the values. */
export function entityText(types: readonly SqlType[]): (key: Row) => string {
  if (types.length === 1) return ([value]) => valueText(types[0]!, value!);
  return (key) => key.map((value, i) => escaped(valueText(types[i]!, value))).join('|');
}
