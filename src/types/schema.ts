import { quoteName, typeText, type SqlType } from './sql-type.ts';

/** A column and the part of the record that holds it: key, value or headers (`headerKey` undefined means all headers). */
export interface Column {
  readonly name: string;
  readonly type: SqlType;
  readonly role: 'key' | 'value' | 'header';
  readonly headerKey?: string | undefined;
}

/** The columns of a stream or table: keys first, then values and headers, each in declaration order. */
export type Schema = readonly Column[];

export const keyColumns = (schema: Schema): Column[] => schema.filter((column) => column.role === 'key');
export const valueColumns = (schema: Schema): Column[] => schema.filter((column) => column.role === 'value');

/** The pseudo columns of every source, with their types. Window bounds exist only for windowed sources. */
export const pseudoColumns: readonly { readonly name: string; readonly type: SqlType; readonly windowed: boolean }[] = [
  { name: 'ROWTIME', type: { kind: 'BIGINT' }, windowed: false },
  { name: 'ROWPARTITION', type: { kind: 'INTEGER' }, windowed: false },
  { name: 'ROWOFFSET', type: { kind: 'BIGINT' }, windowed: false },
  { name: 'WINDOWSTART', type: { kind: 'BIGINT' }, windowed: true },
  { name: 'WINDOWEND', type: { kind: 'BIGINT' }, windowed: true },
];

export const isPseudoColumn = (name: string): boolean => pseudoColumns.some((column) => column.name === name);

/** Whether a name is WINDOWSTART or WINDOWEND, the pseudo columns that are part of `SELECT *`. */
export const isWindowBound = (name: string): boolean => name === 'WINDOWSTART' || name === 'WINDOWEND';

/** The schema as ksqlDB prints it: `` `ID` INTEGER KEY, `V` STRING ``. */
export function schemaText(schema: Schema, keyWord = 'KEY'): string {
  return schema
    .map((column) => {
      const suffix =
        column.role === 'key'
          ? ` ${keyWord}`
          : column.role === 'header'
            ? ` HEADER${column.headerKey === undefined ? 'S' : `('${column.headerKey}')`}`
            : '';
      return `${quoteName(column.name)} ${typeText(column.type)}${suffix}`;
    })
    .join(', ');
}
