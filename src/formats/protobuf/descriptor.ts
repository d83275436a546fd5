import protobuf from 'protobufjs';

/**
 * A .proto file as the compiler's FileDescriptorProto, which some clients register schemas as and read them as, in base64. What of
 * it a schema needs: https://github.com/protocolbuffers/protobuf/blob/main/src/google/protobuf/descriptor.proto, and Connect's note
 * of a decimal's digits, extension 1088 of a field's options.
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

/** The numbers of `FieldDescriptorProto.Type`; messages and enums are named instead. */
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

/** A schema as the text of a .proto file, whichever of the two it is. */
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
    ...file.enum_type.flatMap((each) => enumLines(each)),
    ...file.message_type.flatMap((each) => messageLines(each, file.syntax === 'proto3')),
  ];
  return `${lines.join('\n')}\n`;
}

function enumLines({ name, value }: EnumParts): string[] {
  return [`enum ${name} {`, ...value.map((each) => `${each.name} = ${each.number};`), '}'];
}

function messageLines(message: MessageParts, isProto3: boolean): string[] {
  const entries = new Map(
    message.nested_type.filter(({ options }) => options?.map_entry === true).map((each) => [each.name, each]),
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
  // A group stands where its first field does. One that is optional in proto3 is alone in a group, which the text does not have.
  const groupOf = (field: FieldParts): number | undefined => (field.proto3_optional ? undefined : field.oneof_index);
  const fields = message.field.flatMap((field, i) => {
    const group = groupOf(field);
    const name = group === undefined ? undefined : message.oneof_decl[group]?.name;
    if (name === undefined) return [fieldLine(field)];
    const members = message.field.filter((each) => groupOf(each) === group);
    return members[0] === message.field[i] ? [`oneof ${name} {`, ...members.map(fieldLine), '}'] : [];
  });
  return [
    `message ${message.name} {`,
    ...fields,
    ...message.enum_type.flatMap((each) => enumLines(each)),
    ...message.nested_type.filter(({ name }) => !entries.has(name)).flatMap((each) => messageLines(each, isProto3)),
    '}',
  ];
}

function labelText({ label, proto3_optional }: FieldParts, isProto3: boolean): string {
  if (label === labels.repeated) return 'repeated ';
  return proto3_optional || !isProto3 ? (label === labels.optional ? 'optional ' : 'required ') : '';
}
const typeText = ({ type, type_name }: FieldParts): string => nameOfScalar.get(type) ?? type_name;

/** The descriptor of a .proto text in base64, for clients that ask for `format=serialized`. */
export function asDescriptor(text: string): string {
  const file = protobuf.parse(text, new protobuf.Root(), { keepCase: true });
  const scope = file.package === undefined ? file.root : (file.root.lookup(file.package) as protobuf.Namespace);
  const parts = {
    name: 'schema.proto',
    package: file.package ?? '',
    dependency: file.imports ?? [],
    message_type: scope.nestedArray.filter((each) => each instanceof protobuf.Type).map(messageParts),
    enum_type: scope.nestedArray.filter((each) => each instanceof protobuf.Enum).map(enumParts),
    syntax: /syntax\s*=\s*["'](\w+)["']/.exec(text)?.[1] ?? 'proto2',
  };
  return Buffer.from(File.encode(File.fromObject(parts)).finish()).toString('base64');
}

/** The notes that Connect has put on a field, by name. */
export function metaOf({ parsedOptions }: protobuf.Field): Readonly<Record<string, string>> {
  const options = (parsedOptions ?? []) as readonly Record<
    string,
    { readonly params?: readonly { readonly key: string; readonly value: string }[] }
  >[];
  const params = options.flatMap((option) => option['(confluent.field_meta)']?.params ?? []);
  return Object.fromEntries(params.map(({ key, value }) => [key, value]));
}

const enumParts = (each: protobuf.Enum): EnumParts => ({
  name: each.name,
  value: Object.entries(each.values).map(([name, number]) => ({ name, number })),
});

function messageParts(type: protobuf.Type): MessageParts {
  const nested: MessageParts[] = type.nestedArray.filter((each) => each instanceof protobuf.Type).map(messageParts);
  const groups = type.oneofsArray.filter(({ fieldsArray, name }) => fieldsArray.length > 1 || !name.startsWith('_'));
  const alone: string[] = [];
  const field = type.fieldsArray.map((each): FieldParts => {
    const group = groups.indexOf(each.partOf as protobuf.OneOf);
    const isOptional = group < 0 && each.partOf != null;
    if (isOptional) alone.push(`_${each.name}`);
    const params = metaOf(each);
    const options = Object.keys(params).length === 0 ? null : { field_meta: { params } };
    const base = { name: each.name, number: each.id, proto3_optional: isOptional, options };
    const index =
      group >= 0 ? { oneof_index: group } : isOptional ? { oneof_index: groups.length + alone.length - 1 } : {};
    if (each instanceof protobuf.MapField) {
      const entry = `${each.name.replace(/(^|_)(\w)/g, (_all, _start, letter: string) => letter.toUpperCase())}Entry`;
      const member = (name: string, number: number, of: string): FieldParts => ({
        name,
        number,
        label: labels.optional,
        proto3_optional: false,
        ...typeParts(of, type),
      });
      nested.push({
        name: entry,
        field: [member('key', 1, each.keyType), member('value', 2, each.type)],
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
      ...typeParts(each.type, type),
      label: each.repeated ? labels.repeated : labels.optional,
    };
  });
  return {
    name: type.name,
    field,
    nested_type: nested,
    enum_type: type.nestedArray.filter((each) => each instanceof protobuf.Enum).map(enumParts),
    oneof_decl: [...groups.map(({ name }) => ({ name })), ...alone.map((name) => ({ name }))],
  };
}

/** A type that the file does not have is one that it imports, and those that a registry knows are messages. */
function typeParts(name: string, scope: protobuf.Type): { type: number; type_name: string } {
  const scalar = numberOfScalar.get(name);
  if (scalar !== undefined) return { type: scalar, type_name: '' };
  const found = scope.lookup(name);
  return {
    type: found instanceof protobuf.Enum ? types.enum : types.message,
    type_name: found?.fullName ?? `.${name.replace(/^\./, '')}`,
  };
}
