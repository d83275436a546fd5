import type { PlacedMessage } from './parse.ts';
import type { ProtoField, ProtoMessage, ProtoType } from './schema.ts';

/** Types with compatible encodings: https://protobuf.dev/programming-guides/proto3/#updating */
const groups: readonly (readonly string[])[] = [
  ['int32', 'uint32', 'int64', 'uint64', 'bool', 'enum'],
  ['sint32', 'sint64'],
  ['string', 'bytes'],
  ['fixed32', 'sfixed32'],
  ['fixed64', 'sfixed64'],
];

const isRepeated = ({ label }: ProtoField): boolean => label === 'repeated' || label === 'map';

function typeProblem(newer: ProtoType, older: ProtoType, path: string): string | undefined {
  if (newer.kind === 'message' && older.kind === 'message') return messageProblem(newer, older, path);
  const together = groups.some((group) => group.includes(newer.kind) && group.includes(older.kind));
  return newer.kind === older.kind || together ? undefined : `${path}: ${older.kind} became ${newer.kind}`;
}

function messageProblem(newer: ProtoMessage, older: ProtoMessage, path: string): string | undefined {
  return older.fields
    .map((field) => {
      const now = newer.fields.find(({ number }) => number === field.number);
      const own = `${path}.${field.name}`;
      if (now === undefined) return undefined;
      if (isRepeated(now) !== isRepeated(field)) return `${own}: ${field.label} became ${now.label}`;
      return typeProblem(now.type, field.type, own);
    })
    .find((problem) => problem !== undefined);
}

/** Why a reader with the newer schema cannot read data of the older one, or undefined. */
export function protobufProblem(newer: readonly PlacedMessage[], older: readonly PlacedMessage[]): string | undefined {
  return older
    .map(({ message }) => {
      const now = newer.find((candidate) => candidate.message.name === message.name)?.message;
      return now === undefined ? `message ${message.name} is gone` : messageProblem(now, message, message.name);
    })
    .find((problem) => problem !== undefined);
}
