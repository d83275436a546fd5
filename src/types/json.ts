import { EvaluationError } from './numbers.ts';

/** Parsed JSON whose numbers keep their original text; the JSON functions work on it. */
export type Json = null | boolean | string | JsonNumber | Json[] | Map<string, Json>;

export class JsonNumber {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** Parses JSON without losing digits; throws `EvaluationError` for invalid text. */
export const parseJson = (text: string): Json => parse(text);

/** As `parseJson`, of the first value: as in ksqlDB's functions, text after it is no matter. */
export const parseFirstJson = (text: string): Json => parse(text, { isFirstOnly: true });

/** As `parseJson`, with the numbers NaN, Infinity and -Infinity, which JSON does not have and many writers write. */
export const parseJsonWithNaN = (text: string): Json => parse(text, { hasNaN: true });

interface Leniency {
  readonly isFirstOnly?: boolean;
  readonly hasNaN?: boolean;
}

function parse(text: string, { isFirstOnly = false, hasNaN = false }: Leniency = {}): Json {
  const match = hasNaN
    ? /(?:true|false|null|NaN|-?Infinity|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)/y
    : /(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)/y;
  let at = 0;
  const fail = (): never => {
    throw new EvaluationError(`not JSON at offset ${at}: ${text.slice(0, 60)}`);
  };
  const space = (): void => {
    while (at < text.length && ' \t\n\r'.includes(text[at]!)) at++;
  };
  const string = (): string => {
    const start = at++;
    while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
    at++;
    try {
      return JSON.parse(text.slice(start, at)) as string;
    } catch {
      return fail();
    }
  };
  const value = (depth: number): Json => {
    if (depth > 500) fail();
    space();
    const first = text[at];
    if (first === '"') return string();
    if (first === '{') {
      const object = new Map<string, Json>();
      at++;
      for (space(); text[at] !== '}'; space()) {
        if (object.size > 0 && text[at++] !== ',') fail();
        space();
        if (text[at] !== '"') fail();
        const key = string();
        space();
        if (text[at++] !== ':') fail();
        object.set(key, value(depth + 1));
        space();
        if (text[at] !== ',' && text[at] !== '}') fail();
      }
      at++;
      return object;
    }
    if (first === '[') {
      const items: Json[] = [];
      at++;
      for (space(); text[at] !== ']'; space()) {
        if (items.length > 0 && text[at++] !== ',') fail();
        items.push(value(depth + 1));
        space();
        if (text[at] !== ',' && text[at] !== ']') fail();
      }
      at++;
      return items;
    }
    match.lastIndex = at;
    const word = match.exec(text)?.[0] ?? fail();
    at += word.length;
    return word === 'true' ? true : word === 'false' ? false : word === 'null' ? null : new JsonNumber(word);
  };
  const result = value(0);
  if (isFirstOnly) {
    // A number or word ends at a space.
    const isWord = result === null || typeof result === 'boolean' || result instanceof JsonNumber;
    if (isWord && at < text.length && !' \t\n\r'.includes(text[at]!)) fail();
    return result;
  }
  space();
  if (at < text.length) fail();
  return result;
}

export function jsonText(json: Json): string {
  if (json instanceof JsonNumber) return json.text;
  if (Array.isArray(json)) return `[${json.map(jsonText).join(',')}]`;
  if (json instanceof Map)
    return `{${[...json].map(([key, item]) => `${JSON.stringify(key)}:${jsonText(item)}`).join(',')}}`;
  return JSON.stringify(json);
}

/** The steps of a path such as `$.a.b[0]['c d']`; undefined when it does not start with `$` or uses unsupported syntax. */
export function parseJsonPath(path: string): (string | number)[] | undefined {
  if (!path.startsWith('$')) return undefined;
  const steps: (string | number)[] = [];
  const step = /\.([^.[\]]+)|\[(\d+)\]|\['([^']*)'\]|\["([^"]*)"\]/y;
  step.lastIndex = 1;
  while (step.lastIndex < path.length) {
    const match = step.exec(path);
    if (match === null) return undefined;
    steps.push(match[2] === undefined ? (match[1] ?? match[3] ?? match[4])! : Number(match[2]));
  }
  return steps;
}

export function atPath(json: Json, steps: readonly (string | number)[]): Json | undefined {
  let current: Json | undefined = json;
  for (const step of steps) {
    if (current instanceof Map) current = current.get(String(step));
    else if (Array.isArray(current) && typeof step === 'number') current = current[step];
    else return undefined;
  }
  return current;
}
