import { InternalError } from '../../util/internal-error.ts';
import type { SqlType } from '../../types/sql-type.ts';
import type { NullableFields } from '../define.ts';

/** The scalar types of proto3: https://protobuf.dev/programming-guides/proto3/#scalar */
export type ProtoScalar =
  | 'double'
  | 'float'
  | 'int32'
  | 'int64'
  | 'uint32'
  | 'uint64'
  | 'sint32'
  | 'sint64'
  | 'fixed32'
  | 'fixed64'
  | 'sfixed32'
  | 'sfixed64'
  | 'bool'
  | 'string'
  | 'bytes';

export type ProtoType =
  | { readonly kind: ProtoScalar }
  | { readonly kind: 'enum'; readonly symbols: ReadonlyMap<number, string> }
  /** A message inside of itself. */
  | { readonly kind: 'recursive'; readonly name: string }
  | ProtoMessage;

export interface ProtoMessage {
  readonly kind: 'message';
  /** The full name, with package and enclosing messages, such as `google.protobuf.Timestamp`. */
  readonly name: string;
  readonly fields: readonly ProtoField[];
}

export interface ProtoField {
  readonly name: string;
  readonly number: number;
  readonly type: ProtoType;
  /**
   * `optional` fields and messages can be absent; an absent `plain` field has its default. For a map, `type` is that of its
   * values.
   */
  readonly label: 'plain' | 'optional' | 'repeated' | 'map';
  /** The type of a map's keys. */
  readonly key?: ProtoScalar | undefined;
  /** The precision and scale of a decimal. */
  readonly decimal?: { readonly precision: number; readonly scale: number } | undefined;
}

const plain = (name: string, number: number, kind: ProtoScalar): ProtoField => ({
  name,
  number,
  type: { kind },
  label: 'plain',
});
const message = (name: string, fields: readonly ProtoField[]): ProtoMessage => ({ kind: 'message', name, fields });

/** The messages that Connect writes for some SQL types. */
export const standsFor = {
  DECIMAL: message('confluent.type.Decimal', [
    plain('value', 1, 'bytes'),
    plain('precision', 2, 'uint32'),
    plain('scale', 3, 'int32'),
  ]),
  DATE: message('google.type.Date', [plain('year', 1, 'int32'), plain('month', 2, 'int32'), plain('day', 3, 'int32')]),
  TIME: message('google.type.TimeOfDay', [
    plain('hours', 1, 'int32'),
    plain('minutes', 2, 'int32'),
    plain('seconds', 3, 'int32'),
    plain('nanos', 4, 'int32'),
  ]),
  TIMESTAMP: message('google.protobuf.Timestamp', [plain('seconds', 1, 'int64'), plain('nanos', 2, 'int32')]),
} as const;

const scalars = {
  BOOLEAN: { kind: 'bool', wrapper: 'BoolValue' },
  INTEGER: { kind: 'int32', wrapper: 'Int32Value' },
  BIGINT: { kind: 'int64', wrapper: 'Int64Value' },
  DOUBLE: { kind: 'double', wrapper: 'DoubleValue' },
  STRING: { kind: 'string', wrapper: 'StringValue' },
  BYTES: { kind: 'bytes', wrapper: 'BytesValue' },
} as const;

const wrapperNames = /^google\.protobuf\.(Bool|Int32|Int64|UInt32|UInt64|Float|Double|String|Bytes)Value$/;
/** The field of a wrapper message, which holds a single nullable scalar; undefined for other types. */
export function wrapped(type: ProtoType): ProtoField | undefined {
  return type.kind === 'message' && wrapperNames.test(type.name) ? type.fields[0] : undefined;
}

/** The fields of the entry message of a map. */
export const entryFields = ({ key, value }: Extract<SqlType, { kind: 'MAP' }>): readonly Named[] => [
  { name: 'key', type: key },
  { name: 'value', type: value },
];

interface Named {
  readonly name: string;
  readonly type: SqlType;
}

/**
 * The message for columns: fields are numbered from 1, nested messages are named as Connect names them, with numbers behind `used`.
 */
export function messageFor(columns: readonly Named[], nullable: NullableFields, name: string, used = 1): ProtoMessage {
  let nested = used;
  const of = (type: SqlType): ProtoType => {
    switch (type.kind) {
      case 'ARRAY':
      case 'MAP':
        throw new TypeError('a repeated field holds no repeated ones');
      case 'STRUCT':
        return make(type.fields, `ConnectDefault${++nested}`);
      case 'DECIMAL':
      case 'DATE':
      case 'TIME':
      case 'TIMESTAMP':
        return standsFor[type.kind];
      default: {
        const { kind, wrapper } = scalars[type.kind];
        return nullable === 'WRAPPER' ? message(`google.protobuf.${wrapper}`, [plain('value', 1, kind)]) : { kind };
      }
    }
  };
  const bare = (type: SqlType): ProtoType =>
    type.kind in scalars ? { kind: scalars[type.kind as 'BYTES'].kind } : of(type);
  const fieldOf = ({ name: field, type }: Named, number: number): ProtoField => {
    if (type.kind === 'ARRAY') return { name: field, number, type: bare(type.element), label: 'repeated' };
    if (type.kind === 'MAP') {
      // As Connect does, map entries are messages of their own. They have the same bytes as proto3's maps, which cannot hold
      // repeated values.
      const entry = make(entryFields(type), `ConnectDefault${++nested}Entry`);
      return { name: field, number, type: entry, label: 'repeated' };
    }
    const label = nullable === 'OPTIONAL' && type.kind in scalars ? 'optional' : 'plain';
    const decimal = type.kind === 'DECIMAL' ? { precision: type.precision, scale: type.scale } : undefined;
    return { name: field, number, type: of(type), label, decimal };
  };
  const make = (fields: readonly Named[], own: string): ProtoMessage =>
    message(
      own,
      fields.map((field, i) => fieldOf(field, i + 1)),
    );
  return make(columns, name);
}

const imports: Readonly<Record<string, string>> = {
  'confluent.type.Decimal': 'confluent/type/decimal.proto',
  'google.type.Date': 'google/type/date.proto',
  'google.type.TimeOfDay': 'google/type/timeofday.proto',
  'google.protobuf.Timestamp': 'google/protobuf/timestamp.proto',
};

/** A message as a .proto file, with its nested messages. */
export function protoText(root: ProtoMessage): string {
  const used = new Set<string>();
  const nameOf = (type: ProtoType): string => {
    if (type.kind === 'enum' || type.kind === 'recursive') throw new InternalError(`SQL has no ${type.kind} types`);
    if (type.kind !== 'message') return type.kind;
    if (wrapped(type) !== undefined) used.add('google/protobuf/wrappers.proto');
    else if (type.name in imports) used.add(imports[type.name]!);
    return type.name;
  };
  const dot = root.name.lastIndexOf('.');
  const lines = ({ name, fields }: ProtoMessage, indent: string): string[] => {
    const nested = fields.flatMap(({ type }) =>
      type.kind === 'message' && !type.name.includes('.') ? ['', ...lines(type, `${indent}  `)] : [],
    );
    const own = fields.map((field) => {
      let options = '';
      if (field.decimal !== undefined) {
        used.add('confluent/meta.proto');
        const params = Object.entries(field.decimal).map(([key, value]) => `{ value: "${value}", key: "${key}" }`);
        options = ` [(confluent.field_meta) = { params: [${params.join(', ')}] }]`;
      }
      const type = nameOf(field.type);
      const typed =
        field.label === 'map'
          ? `map<${field.key!}, ${type}>`
          : `${field.label === 'plain' ? '' : `${field.label} `}${type}`;
      return `${indent}  ${typed} ${field.name} = ${field.number}${options};`;
    });
    return [`${indent}message ${name} {`, ...own, ...nested, `${indent}}`];
  };
  const body = lines({ ...root, name: root.name.slice(dot + 1) }, '');
  const space = dot < 0 ? [] : [`package ${root.name.slice(0, dot)};`, ''];
  const head = [...used].sort().map((path) => `import "${path}";`);
  return ['syntax = "proto3";', '', ...space, ...head, ...(head.length > 0 ? [''] : []), ...body, ''].join('\n');
}
