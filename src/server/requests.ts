import type { IncomingMessage } from 'node:http';
import { noSpan } from '../diagnostics/source.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import { Session } from '../engine/session.ts';

const maximumBody = 10 << 20;

const refuse = (why: string): never => {
  throw new SqlError('BAD_REQUEST', noSpan, { why });
};

/**
 * A request's whole body: read here, since body parsers see none on HTTP/2 requests without a length. One over the
 * limit is read to its end and thrown away, so that the client sees the answer instead of a connection reset.
 */
export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= maximumBody) chunks.push(chunk);
  }
  if (size > maximumBody) refuse(`the request body is larger than ${maximumBody} bytes`);
  return Buffer.concat(chunks).toString('utf8');
}

/** A JSON object, or an error that says what came instead. */
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
  const name = names.find((each) => body[each] !== undefined);
  const value = name === undefined ? undefined : body[name];
  return typeof value === 'string' ? value : refuse(`field "${names[0]!}" must be a string`);
}

export function objectField(body: Record<string, unknown>, name: string): Record<string, unknown> {
  const value = body[name] ?? {};
  return typeof value === 'object' && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : refuse(`field "${name}" must be an object`);
}

/** A session for one request, with the properties and variables that it carries. */
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
