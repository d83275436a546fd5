import { DecodeError, fieldNamed, type DecodeColumn, type NullableFields, type SchemaText } from '../define.ts';
import { asProtoText } from './descriptor.ts';
import { parseProto, type PlacedMessage } from './parse.ts';
import { messageFor, protoText } from './schema.ts';

/**
 * The text of a .proto file with a field for each column that its message lacks; undefined when it lacks none, or when the fields cannot
 * be put into the text.
 */
export function withFields(
  schema: SchemaText,
  { message, place }: PlacedMessage,
  columns: readonly DecodeColumn[],
  nullable: NullableFields,
): string | undefined {
  const missing = columns.filter(({ name }) => fieldNamed(message.fields, name) === undefined);
  if (missing.length === 0) return undefined;
  const text = asProtoText(schema.text);
  const name = message.name.slice(message.name.lastIndexOf('.') + 1);
  const end = endOf(text, name);
  if (end === undefined) return undefined;
  const used = [...text.matchAll(/ConnectDefault(\d+)/g)].map(([, number]) => Number(number));
  const first = Math.max(0, ...message.fields.map(({ number }) => number));
  const added = messageFor(missing, nullable, name, Math.max(1, ...used));
  const lines = protoText({
    ...added,
    fields: added.fields.map((field) => ({ ...field, number: first + field.number })),
  }).split('\n');
  const start = lines.findIndex((line) => line.startsWith('message '));
  const body = lines.slice(start + 1, lines.lastIndexOf('}')).join('\n');
  const imports = lines.filter((line) => line.startsWith('import ') && !text.includes(line));
  const whole = withImports(`${text.slice(0, end)}${body}\n${text.slice(end)}`, imports);
  return holdsAll({ ...schema, text: whole }, place, [...message.fields, ...missing]) ? whole : undefined;
}

/** The offset of the brace that ends a message. */
function endOf(text: string, name: string): number | undefined {
  const start = new RegExp(`\\bmessage\\s+${name}\\s*\\{`).exec(text);
  if (start === null) return undefined;
  let depth = 1;
  for (let i = start.index + start[0].length; i < text.length; i++) {
    if (text[i] === '{') depth++;
    else if (text[i] === '}' && --depth === 0) return i;
  }
  return undefined;
}

function withImports(text: string, imports: readonly string[]): string {
  if (imports.length === 0) return text;
  const syntax = /syntax\s*=\s*["']proto\d["']\s*;/.exec(text);
  const at = syntax === null ? 0 : syntax.index + syntax[0].length;
  return `${text.slice(0, at)}\n${imports.join('\n')}${text.slice(at)}`;
}

/** Whether the text is a file whose message has these fields: a brace in a comment misleads `endOf`. */
function holdsAll(schema: SchemaText, place: readonly number[], fields: readonly { readonly name: string }[]): boolean {
  try {
    const message = parseProto(schema).find((candidate) => candidate.place.join() === place.join())?.message;
    return message !== undefined && fields.every(({ name }) => message.fields.some((field) => field.name === name));
  } catch (error) {
    if (error instanceof DecodeError) return false;
    throw error;
  }
}
