import { decimalText } from './decimals.ts';
import { doubleText } from './numbers.ts';
import type { Long, SqlType, Value } from './sql-type.ts';
import { dateText, timestampText, timeText } from './times.ts';

/** The value as CAST(… AS STRING) gives it: Java's toString of every type. */
export function valueText(type: SqlType, value: Value): string {
  if (value === null) return 'null';
  switch (type.kind) {
    case 'DOUBLE':
      return doubleText(value as number);
    case 'DECIMAL':
      return decimalText(value as Long, type.scale);
    case 'DATE':
      return dateText(value as number);
    case 'TIME':
      return timeText(value as number);
    case 'TIMESTAMP':
      return timestampText(value as number);
    case 'BYTES':
      return (value as Buffer).toString('base64');
    case 'ARRAY':
      return `[${(value as readonly Value[]).map((item) => valueText(type.element, item)).join(', ')}]`;
    case 'MAP':
      return `{${[...(value as ReadonlyMap<Value, Value>)].map(([k, v]) => `${valueText(type.key, k)}=${valueText(type.value, v)}`).join(', ')}}`;
    case 'STRUCT':
      return `Struct{${type.fields
        .map((field, i) => [field, (value as readonly Value[])[i]!] as const)
        .filter(([, item]) => item !== null)
        .map(([field, item]) => `${field.name}=${valueText(field.type, item)}`)
        .join(',')}}`;
    default:
      return String(value);
  }
}
