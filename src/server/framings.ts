import type { Request } from 'express';
import type { QueryStream } from '../engine/client-rows.ts';
import { messageFor, protoText } from '../formats/protobuf/schema.ts';
import { rowWriter } from '../formats/protobuf/write.ts';
import { quoteName, typeText, type Value } from '../types/sql-type.ts';
import { Bytes } from '../util/bytes.ts';
import { rowsWriter } from './row-json.ts';

/** Formats a row as text; undefined when the row is left out. */
type FrameRow = (values: readonly Value[], tombstone: boolean) => string | undefined;

/** How a response is framed: the beginning, each row, and the end. */
export interface Framing {
  readonly type: string;
  readonly start: (query: QueryStream) => string;
  readonly rows: (query: QueryStream) => FrameRow;
  readonly end: (message: string | undefined) => string;
  readonly error: (body: unknown) => string;
}

const jsonRows = ({ columns }: QueryStream): ((values: readonly Value[]) => string) =>
  rowsWriter(columns.map(({ type }) => type));

/** One line of metadata, then one line per row. */
export const streamed: Framing = {
  type: 'application/vnd.ksqlapi.delimited.v1',
  start: (query) => `${metadata(query)}\n`,
  rows: (query) => {
    const write = jsonRows(query);
    // This format cannot represent a tombstone, so ksqlDB leaves tombstones out.
    return (values, tombstone) => (tombstone ? undefined : `${write(values)}\n`);
  },
  end: () => '',
  error: (body) => `${JSON.stringify(body)}\n`,
};

const arrayOfRows: Framing = {
  type: 'application/json',
  start: (query) => `[${metadata(query)}`,
  rows: (query) => {
    const write = jsonRows(query);
    return (values, tombstone) => (tombstone ? undefined : `,\n${write(values)}`);
  },
  end: () => ']\n',
  error: (body) => `,\n${JSON.stringify(body)}]`,
};

const end = (message: string | undefined): string =>
  message === undefined ? ']\n' : `,\n{"finalMessage":${JSON.stringify(message)}}]\n`;
const error = (body: unknown): string => `,\n{"errorMessage":${JSON.stringify(body)}}]\n`;

/** A JSON array of a header, rows and a final message. */
export const oldRows: Framing = {
  type: 'application/vnd.ksql.v1+json',
  start: (query) => `[{"header":{"queryId":${JSON.stringify(query.id)},"schema":${JSON.stringify(schemaOf(query))}}}`,
  rows: (query) => {
    const write = webSocketRow(query);
    return (values, tombstone) => `,\n${write(values, tombstone)}`;
  },
  end,
  error,
};

/** A row as a frame of its own. */
export function webSocketRow(query: QueryStream): (values: readonly Value[], tombstone: boolean) => string {
  const write = jsonRows(query);
  return (values, tombstone) => `{"row":{"columns":${write(values)}${tombstone ? ',"tombstone":true' : ''}}}`;
}

/** The same with rows as Protobuf messages, whose schema is in the header. */
const protobufRows: Framing = {
  type: 'application/vnd.ksql.v1+protobuf',
  start: (query) =>
    `[{"header":{"queryId":${JSON.stringify(query.id)},"protoSchema":${JSON.stringify(protoText(messageOf(query)))}}}`,
  rows: (query) => {
    const columns = query.columns.map(({ name, type }, slot) => ({ name, type, slot }));
    const write = rowWriter(messageOf(query), columns, '$');
    return (values, tombstone) => {
      const out = new Bytes();
      write(values, out);
      return `,\n{"row":{"protobufBytes":"${out.from(0).toString('base64')}"${tombstone ? ',"tombstone":true' : ''}}}`;
    };
  },
  end,
  error,
};

const messageOf = ({ columns }: QueryStream): ReturnType<typeof messageFor> =>
  messageFor(columns, undefined, 'ConnectDefault1');

function metadata(query: QueryStream): string {
  return JSON.stringify({
    queryId: query.id,
    columnNames: query.columns.map(({ name }) => name),
    columnTypes: query.columns.map(({ type }) => typeText(type)),
  });
}
const schemaOf = (query: QueryStream): string =>
  query.columns
    .map(({ name, type, role }) => `${quoteName(name)} ${typeText(type)}${role === 'key' ? ' KEY' : ''}`)
    .join(', ');

const byType = new Map([arrayOfRows, oldRows, protobufRows, streamed].map((framing) => [framing.type, framing]));

/** The framing for the first media type that the client accepts, or `otherwise`. */
export function framingOf(request: Request, otherwise: Framing): Framing {
  const first = (request.headers.accept ?? '').split(',')[0]!.trim().split(';')[0]!;
  return byType.get(first) ?? otherwise;
}
