import protobuf from 'protobufjs';

/**
 * Converts .proto text from and to the compiler's FileDescriptorProto in base64, the form in which some clients register and
 * read schemas. Covers what a schema needs of
 * https://github.com/protocolbuffers/protobuf/blob/main/src/google/protobuf/descriptor.proto, and Connect's annotation of a
 * decimal's precision (extension 1088 of field options).
 */
const { root } = protobuf.parse(
  `syntax = "proto3";
  message File {
    string name = 1; string package = 2; repeated string dependency = 3; repeated Message message_type = 4;
    repeated Enum enum_type = 5; string syntax = 12;
  }
  message Message {
    string name = 1; repeated Field field = 2; repeated Message nested_type = 3; repeated Enum enum_type = 4;
    MessageOptions options = 7; repeated Oneof oneof_decl = 8;
  }
  message MessageOptions { bool map_entry = 7; }
  message Field {
    string name = 1; int32 number = 3; int32 label = 4; int32 type = 5; string type_name = 6; FieldOptions options = 8;
    optional int32 oneof_index = 9; string json_name = 10; bool proto3_optional = 17;
  }
  message FieldOptions { Meta field_meta = 1088; }
  message Meta { map<string, string> params = 2; }
  message Enum { string name = 1; repeated EnumValue value = 2; }
  message EnumValue { string name = 1; int32 number = 2; }
  message Oneof { string name = 1; }`,
  { keepCase: true },
);
const File = root.lookupType('File');

interface FileParts {
  readonly package: string;
  readonly dependency: readonly string[];
  readonly message_type: readonly MessageParts[];
  readonly enum_type: readonly EnumParts[];
  readonly syntax: string;
}
interface MessageParts {
  readonly name: string;
  readonly field: readonly FieldParts[];
  readonly nested_type: readonly MessageParts[];
  readonly enum_type: readonly EnumParts[];
  readonly options?: { readonly map_entry: boolean } | null;
  readonly oneof_decl: readonly { readonly name: string }[];
}
interface FieldParts {
  readonly name: string;
  readonly number: number;
  readonly label: number;
  readonly type: number;
  readonly type_name: string;
  readonly options?: { readonly field_meta?: { readonly params: Readonly<Record<string, string>> } | null } | null;
  readonly oneof_index?: number;
  readonly proto3_optional: boolean;
}
interface EnumParts {
  readonly name: string;
  readonly value: readonly { readonly name: string; readonly number: number }[];
}

/** The numbers of `FieldDescriptorProto.Type` for scalars; messages and enums are referred to by name. */
const scalarTypes: readonly (readonly [number, string])[] = [
  [1, 'double'],
  [2, 'float'],
  [3, 'int64'],
  [4, 'uint64'],
  [5, 'int32'],
  [6, 'fixed64'],
  [7, 'fixed32'],
  [8, 'bool'],
  [9, 'string'],
  [12, 'bytes'],
  [13, 'uint32'],
  [15, 'sfixed32'],
  [16, 'sfixed64'],
  [17, 'sint32'],
  [18, 'sint64'],
];
const nameOfScalar = new Map(scalarTypes);
const numberOfScalar = new Map(scalarTypes.map(([number, name]) => [name, number]));
const types = { message: 11, enum: 14 } as const;
const labels = { optional: 1, repeated: 3 } as const;

/** The .proto text of a schema that is given as text or as a descriptor. */
export function asProtoText(schema: string): string {
  const isBase64 = /^[A-Za-z0-9+/]+={0,2}$/.test(schema.trim());
  if (!isBase64) return schema;
  return fileText(File.toObject(File.decode(Buffer.from(schema, 'base64')), { defaults: true }) as FileParts);
}

function fileText(file: FileParts): string {
  const lines = [
    `syntax = "${file.syntax === '' ? 'proto2' : file.syntax}";`,
    ...(file.package === '' ? [] : [`package ${file.package};`]),
    ...file.dependency.map((path) => `import "${path}";`),
    ...file.enum_type.flatMap((declared) => enumLines(declared)),
    ...file.message_type.flatMap((nested) => messageLines(nested, file.syntax === 'proto3')),
  ];
  return `${lines.join('\n')}\n`;
}

function enumLines({ name, value }: EnumParts): string[] {
  return [`enum ${name} {`, ...value.map((constant) => `${constant.name} = ${constant.number};`), '}'];
}

function messageLines(message: MessageParts, isProto3: boolean): string[] {
  const entries = new Map(
    message.nested_type.filter(({ options }) => options?.map_entry === true).map((nested) => [nested.name, nested]),
  );
  const fieldLine = (field: FieldParts): string => {
    const { name, number, label, options } = field;
    const entry = label === labels.repeated ? entries.get(field.type_name.split('.').at(-1) ?? '') : undefined;
    const digits = Object.entries(options?.field_meta?.params ?? {});
    const meta =
      digits.length === 0
        ? ''
        : ` [(confluent.field_meta) = { params: [${digits.map(([key, value]) => `{ value: "${value}", key: "${key}" }`).join(', ')}] }]`;
    const typed =
      entry === undefined
        ? `${labelText(field, isProto3)}${typeText(field)}`
        : `map<${typeText(entry.field[0]!)}, ${typeText(entry.field[1]!)}>`;
    return `${typed} ${name} = ${number}${meta};`;
  };
  // A oneof is printed at its first field. An optional field of proto3 is a oneof with one member in the descriptor, but not in
  // the text.
  const groupOf = (field: FieldParts): number | undefined => (field.proto3_optional ? undefined : field.oneof_index);
  const fields = message.field.flatMap((field, i) => {
    const group = groupOf(field);
    const name = group === undefined ? undefined : message.oneof_decl[group]?.name;
    if (name === undefined) return [fieldLine(field)];
    const members = message.field.filter((candidate) => groupOf(candidate) === group);
    return members[0] === message.field[i] ? [`oneof ${name} {`, ...members.map(fieldLine), '}'] : [];
  });
  return [
    `message ${message.name} {`,
    ...fields,
    ...message.enum_type.flatMap((declared) => enumLines(declared)),
    ...message.nested_type.filter(({ name }) => !entries.has(name)).flatMap((nested) => messageLines(nested, isProto3)),
    '}',
  ];
}

function labelText({ label, proto3_optional }: FieldParts, isProto3: boolean): string {
  if (label === labels.repeated) return 'repeated ';
  return proto3_optional || !isProto3 ? (label === labels.optional ? 'optional ' : 'required ') : '';
}
const typeText = ({ type, type_name }: FieldParts): string => nameOfScalar.get(type) ?? type_name;

/** The descriptor of a .proto text in base64, for `format=serialized`. */
export function asDescriptor(text: string): string {
  const file = protobuf.parse(text, new protobuf.Root(), { keepCase: true });
  const scope = file.package === undefined ? file.root : (file.root.lookup(file.package) as protobuf.Namespace);
  const parts = {
    name: 'schema.proto',
    package: file.package ?? '',
    dependency: file.imports ?? [],
    message_type: scope.nestedArray.filter((nested) => nested instanceof protobuf.Type).map(messageParts),
    enum_type: scope.nestedArray.filter((nested) => nested instanceof protobuf.Enum).map(enumParts),
    syntax: /syntax\s*=\s*["'](\w+)["']/.exec(text)?.[1] ?? 'proto2',
  };
  return Buffer.from(File.encode(File.fromObject(parts)).finish()).toString('base64');
}

/** Connect's annotations of a field, by name. */
export function metaOf({ parsedOptions }: protobuf.Field): Readonly<Record<string, string>> {
  const options = (parsedOptions ?? []) as readonly Record<
    string,
    { readonly params?: readonly { readonly key: string; readonly value: string }[] }
  >[];
  const params = options.flatMap((option) => option['(confluent.field_meta)']?.params ?? []);
  return Object.fromEntries(params.map(({ key, value }) => [key, value]));
}

const enumParts = (declared: protobuf.Enum): EnumParts => ({
  name: declared.name,
  value: Object.entries(declared.values).map(([name, number]) => ({ name, number })),
});

function messageParts(type: protobuf.Type): MessageParts {
  const nested: MessageParts[] = type.nestedArray.filter((object) => object instanceof protobuf.Type).map(messageParts);
  const groups = type.oneofsArray.filter(({ fieldsArray, name }) => fieldsArray.length > 1 || !name.startsWith('_'));
  const alone: string[] = [];
  const field = type.fieldsArray.map((field): FieldParts => {
    const group = groups.indexOf(field.partOf as protobuf.OneOf);
    const isOptional = group < 0 && field.partOf != null;
    if (isOptional) alone.push(`_${field.name}`);
    const params = metaOf(field);
    const options = Object.keys(params).length === 0 ? null : { field_meta: { params } };
    const base = { name: field.name, number: field.id, proto3_optional: isOptional, options };
    const index =
      group >= 0 ? { oneof_index: group } : isOptional ? { oneof_index: groups.length + alone.length - 1 } : {};
    if (field instanceof protobuf.MapField) {
      const entry = `${field.name.replace(/(^|_)(\w)/g, (_all, _start, letter: string) => letter.toUpperCase())}Entry`;
      const member = (name: string, number: number, of: string): FieldParts => ({
        name,
        number,
        label: labels.optional,
        proto3_optional: false,
        ...typeParts(of, type),
      });
      nested.push({
        name: entry,
        field: [member('key', 1, field.keyType), member('value', 2, field.type)],
        nested_type: [],
        enum_type: [],
        options: { map_entry: true },
        oneof_decl: [],
      });
      return { ...base, label: labels.repeated, type: types.message, type_name: `${type.fullName}.${entry}` };
    }
    return {
      ...base,
      ...index,
      ...typeParts(field.type, type),
      label: field.repeated ? labels.repeated : labels.optional,
    };
  });
  return {
    name: type.name,
    field,
    nested_type: nested,
    enum_type: type.nestedArray.filter((nested) => nested instanceof protobuf.Enum).map(enumParts),
    oneof_decl: [...groups.map(({ name }) => ({ name })), ...alone.map((name) => ({ name }))],
  };
}

/** A type that the file does not declare is imported; the imports that a registry knows are messages. */
function typeParts(name: string, scope: protobuf.Type): { type: number; type_name: string } {
  const scalar = numberOfScalar.get(name);
  if (scalar !== undefined) return { type: scalar, type_name: '' };
  const declared = scope.lookup(name);
  return {
    type: declared instanceof protobuf.Enum ? types.enum : types.message,
    type_name: declared?.fullName ?? `.${name.replace(/^\./, '')}`,
  };
}
