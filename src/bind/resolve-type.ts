import { SqlError } from '../diagnostics/sql-error.ts';
import type { TypeNode } from '../syntax/expressions.ts';
import {
  array,
  BIGINT,
  BOOLEAN,
  BYTES,
  DATE,
  DOUBLE,
  INTEGER,
  map,
  STRING,
  struct,
  TIME,
  TIMESTAMP,
  type SqlType,
} from '../types/sql-type.ts';
import { closest } from '../util/closest.ts';

const builtIn: Readonly<Record<string, SqlType>> = Object.assign(Object.create(null) as Record<string, SqlType>, {
  BOOLEAN,
  INTEGER,
  INT: INTEGER,
  BIGINT,
  DOUBLE,
  STRING,
  VARCHAR: STRING,
  BYTES,
  DATE,
  TIME,
  TIMESTAMP,
});

/** Types of other dialects that hold the same here; a user's own type of such a name is meant before. */
const others: typeof builtIn = Object.assign(Object.create(null) as Record<string, SqlType>, {
  TINYINT: INTEGER,
  SMALLINT: INTEGER,
  INT2: INTEGER,
  INT4: INTEGER,
  INT8: BIGINT,
  LONG: BIGINT,
  REAL: DOUBLE,
  FLOAT: DOUBLE,
  FLOAT4: DOUBLE,
  FLOAT8: DOUBLE,
  BOOL: BOOLEAN,
  TEXT: STRING,
  CHAR: STRING,
  CHARACTER: STRING,
  BYTEA: BYTES,
  BINARY: BYTES,
  VARBINARY: BYTES,
  DATETIME: TIMESTAMP,
  TIMESTAMP_LTZ: TIMESTAMP,
  TIMESTAMPTZ: TIMESTAMP,
});

/** The SQL type of a written type; custom types come from the catalogue. */
export function resolveType(node: TypeNode, custom: ReadonlyMap<string, SqlType>): SqlType {
  switch (node.kind) {
    case 'named': {
      const type = builtIn[node.name] ?? custom.get(node.name) ?? others[node.name];
      if (type === undefined) {
        throw new SqlError('TYPE_NOT_FOUND', node.span, {
          name: node.name,
          suggestion: closest(node.name, [...Object.keys(builtIn), ...custom.keys()]),
        });
      }
      return type;
    }
    case 'sized': {
      const own = custom.get(node.name);
      if (own !== undefined) return own;
      const [precision = 0, scale = 0] = node.sizes;
      return resolveType({ kind: 'decimal', precision, scale, span: node.span }, custom);
    }
    case 'decimal': {
      const { precision, scale } = node;
      const why =
        precision < 1
          ? 'the precision must be at least 1'
          : scale > precision
            ? 'the scale cannot exceed the precision'
            : undefined;
      if (why !== undefined)
        throw new SqlError('INVALID_TYPE', node.span, { type: `DECIMAL(${precision}, ${scale})`, why });
      return { kind: 'DECIMAL', precision, scale };
    }
    case 'array':
      return array(resolveType(node.element, custom));
    case 'map':
      return map(resolveType(node.key, custom), resolveType(node.value, custom));
    case 'struct': {
      const names = node.fields.map(({ name }) => name);
      const twice = names.find((name, i) => names.indexOf(name) !== i);
      if (twice !== undefined) throw new SqlError('DUPLICATE_FIELD', node.span, { field: twice });
      return struct(node.fields.map((field) => ({ name: field.name, type: resolveType(field.type, custom) })));
    }
  }
}
