import type { IncomingMessage } from 'node:http';
import { StringDecoder } from 'node:string_decoder';
import { createGunzip } from 'node:zlib';
import { noSpan } from '../diagnostics/source.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import { Session } from '../engine/session.ts';
import type { ServerContext } from './context.ts';

const refuse = (why: string): never => {
  throw new SqlError('BAD_REQUEST', noSpan, { why });
};

const isCompressed = ({ headers }: IncomingMessage): boolean =>
  (headers['content-encoding'] ?? 'identity') !== 'identity';

/** The bytes of a request's body, unpacked where it is in gzip. What a reader leaves is discarded without being unpacked. */
async function* bytesOf(request: IncomingMessage): AsyncGenerator<Buffer> {
  if (!isCompressed(request)) {
    yield* request as AsyncIterable<Buffer>;
    return;
  }
  const encoding = request.headers['content-encoding']!;
  const unpacked = createGunzip();
  const giveUp = (): void => {
    if (!request.complete) unpacked.destroy();
  };
  try {
    if (!/^(x-)?gzip$/i.test(encoding)) refuse(`the content-encoding "${encoding}" is not known: gzip is`);
    request.once('close', giveUp);
    for await (const chunk of request.pipe(unpacked)) yield chunk as Buffer;
  } catch (error) {
    if (error instanceof SqlError) throw error;
    refuse(`the request body is not gzip: ${(error as Error).message}`);
  } finally {
    request.off('close', giveUp);
    request.unpipe(unpacked);
    unpacked.destroy();
    request.resume();
  }
}

/**
 * Reads a request's body. Express's body parsers do not work for HTTP/2 requests without a length. A body over the limit is
 * read to its end and discarded, so that the client gets the answer instead of a connection reset.
 */
export async function readBody(request: IncomingMessage, maximum: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of bytesOf(request)) {
    size += chunk.length;
    if (size <= maximum) chunks.push(chunk);
    else if (isCompressed(request)) break;
  }
  if (size > maximum) refuse(`the request body is larger than ${maximum} bytes`);
  return Buffer.concat(chunks).toString('utf8');
}

/**
 * The lines of a request's body as they come: those that came together in one list. A body with a line that is too long is read to its
 * end and discarded, for the same reason.
 */
export async function* linesOf(request: IncomingMessage, longest: number): AsyncIterable<readonly string[]> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  let isTooLong = false;
  for await (const chunk of bytesOf(request)) {
    if (isTooLong && isCompressed(request)) break;
    if (isTooLong) continue;
    const [head = '', ...lines] = decoder.write(chunk).split('\n');
    rest += head;
    const ended: string[] = [];
    for (const line of lines) {
      ended.push(rest.endsWith('\r') ? rest.slice(0, -1) : rest);
      rest = line;
    }
    if (ended.length > 0) yield ended;
    isTooLong = rest.length > longest;
    if (isTooLong) rest = '';
  }
  if (isTooLong) refuse(`a line is longer than ${longest} bytes`);
  yield [rest + decoder.end()];
}

/** Parses a JSON object; the error of other text says what was sent. */
export function parseObject(text: string): Record<string, unknown> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return refuse(`the request body is not JSON: ${(error as Error).message}`);
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    return refuse('the request body must be a JSON object');
  return json as Record<string, unknown>;
}

export function textField(body: Record<string, unknown>, names: readonly string[]): string {
  const name = names.find((candidate) => body[candidate] !== undefined);
  const value = name === undefined ? undefined : body[name];
  return typeof value === 'string' ? value : refuse(`field "${names[0]!}" must be a string`);
}

export function objectField(body: Record<string, unknown>, name: string): Record<string, unknown> {
  const value = body[name] ?? {};
  return typeof value === 'object' && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : refuse(`field "${name}" must be an object`);
}

/** A session for one request, with the properties and variables of its body. */
export function sessionOf(body: Record<string, unknown>, defaults: Readonly<Record<string, string>>): Session {
  const session = new Session(defaults);
  for (const [name, value] of Object.entries({
    ...objectField(body, 'streamsProperties'),
    ...objectField(body, 'properties'),
  }))
    session.warn(session.set(name, String(value)));
  for (const [name, value] of Object.entries(objectField(body, 'sessionVariables')))
    session.variables.set(name.toUpperCase(), String(value));
  return session;
}

/** Waits for the command that a request names: what another node has answered it is then known here. */
export async function reachCommand(
  body: Record<string, unknown>,
  { engine, commandTimeoutMs }: ServerContext,
): Promise<void> {
  const number = body['commandSequenceNumber'] ?? -1;
  if (!Number.isSafeInteger(number)) refuse('field "commandSequenceNumber" must be a whole number');
  await engine.reach(number as number, commandTimeoutMs);
}
