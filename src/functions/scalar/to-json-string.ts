import { jsonWriter } from '../../types/json-text.ts';
import { boundOverload, scalar } from '../define.ts';

export const toJsonString = scalar({
  name: 'TO_JSON_STRING',
  doc: 'Any value as JSON text, the fields of structs and maps in order of their names; null is the text null.',
  category: 'JSON',
  overloads: [
    boundOverload(
      'value T',
      'STRING',
      ({ args: [type] }) => (type ? jsonWriter(type, { times: 'ksqldb', sorted: true }) : () => 'null'),
      { acceptsNull: true },
    ),
  ],
});
