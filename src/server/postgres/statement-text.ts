/** A part of a text by PostgreSQL's lexical rules. */
interface Piece {
  readonly kind: 'space' | 'string' | 'quoted' | 'word' | 'parameter' | 'semicolon' | 'other';
  readonly start: number;
  readonly end: number;
}

const lexemes =
  /(?<space>\s+|--[^\n]*)|(?<comment>\/\*)|(?<string>[eE]'(?:[^'\\]|\\[^]|'')*(?:'|$)|'(?:[^']|'')*(?:'|$))|(?<quoted>"(?:[^"]|"")*(?:"|$))|(?<tag>\$(?:[A-Za-z_]\w*)?\$)|(?<parameter>\$\d+)|(?<word>[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*)|(?<semicolon>;)|[^]/gy;

function commentEnd(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    if (text.startsWith('/*', at)) depth++;
    else if (text.startsWith('*/', at)) depth--;
    else continue;
    at++;
    if (depth === 0) return at + 1;
  }
  return text.length;
}

function piecesOf(text: string): Piece[] {
  const pieces: Piece[] = [];
  const lexer = new RegExp(lexemes);
  for (let match = lexer.exec(text); match !== null; match = lexer.exec(text)) {
    const { groups = {}, index: start } = match;
    let kind = (['space', 'string', 'quoted', 'parameter', 'word', 'semicolon'] as const).find(
      (name) => groups[name] !== undefined,
    ) as Piece['kind'] | undefined;
    let end = lexer.lastIndex;
    if (groups['comment'] !== undefined) [kind, end] = ['space', commentEnd(text, start)];
    else if (groups['tag'] !== undefined) {
      const close = text.indexOf(groups['tag'], end);
      [kind, end] = ['string', close < 0 ? text.length : close + groups['tag'].length];
    }
    pieces.push({ kind: kind ?? 'other', start, end });
    lexer.lastIndex = end;
    if (end >= text.length) break;
  }
  return pieces;
}

/** The statements of a text, without the empty ones. */
export function splitStatements(text: string): string[] {
  const statements: string[] = [];
  let start = 0;
  let isEmpty = true;
  for (const piece of [...piecesOf(text), { kind: 'semicolon', start: text.length, end: text.length } as const]) {
    if (piece.kind === 'semicolon') {
      if (!isEmpty) statements.push(text.slice(start, piece.start));
      [start, isEmpty] = [piece.end, true];
    } else if (piece.kind !== 'space') isEmpty = false;
  }
  return statements;
}

/** A statement's text as Millrace's parser takes it. */
export interface MillraceText {
  readonly text: string;
  /** The place in the client's text of one in this text. */
  readonly placeOf: (offset: number) => number;
  /** The numbers of the parameters behind LIMIT and OFFSET, which stand as numbers in the text. */
  readonly counts: ReadonlySet<number>;
  /** The highest number of a parameter. */
  readonly parameters: number;
}

/** The name that a parameter has as a column until it has a value; the quotes keep it from any other. */
export const parameterName = (number: number): string => `$${number}`;

/**
 * Writes `$1` as a quoted name, or behind LIMIT and OFFSET as what `count` says, and leaves out the schema `public`, which every
 * source is in.
 */
export function millraceText(text: string, count: (parameter: number) => string): MillraceText {
  const pieces = piecesOf(text).filter(({ kind }) => kind !== 'space');
  const moved: { readonly at: number; readonly by: number }[] = [];
  const counts = new Set<number>();
  let parameters = 0;
  let out = '';
  let done = 0;
  const replace = (start: number, end: number, by: string): void => {
    out += text.slice(done, start) + by;
    done = end;
    moved.push({ at: out.length, by: by.length - (end - start) });
  };
  pieces.forEach(({ kind, start, end }, i) => {
    const written = text.slice(start, end);
    const next = pieces[i + 1];
    const before = pieces[i - 1];
    if (kind === 'parameter') {
      const number = Number(written.slice(1));
      parameters = Math.max(parameters, number);
      const isCount = before?.kind === 'word' && /^(limit|offset)$/i.test(text.slice(before.start, before.end));
      if (isCount) counts.add(number);
      // A number takes no cast: `LIMIT $1::INTEGER` is what SQLAlchemy writes.
      const cast = isCount ? /^\s*::\s*\w+/.exec(text.slice(end)) : null;
      replace(start, end + (cast?.[0].length ?? 0), isCount ? count(number) : `\`${parameterName(number)}\``);
    } else if (
      ((kind === 'word' && /^public$/i.test(written)) || written === '"public"') &&
      next !== undefined &&
      text.slice(next.start, next.end) === '.'
    )
      replace(start, next.end, ' '.repeat(next.end - start));
  });
  out += text.slice(done);
  const placeOf = (offset: number): number => {
    const passed = moved.filter(({ at }) => at <= offset).reduce((sum, { by }) => sum + by, 0);
    return Math.max(0, offset - passed);
  };
  return { text: out, placeOf, counts, parameters };
}

/** A statement about cursors. */
export type CursorStatement =
  | { readonly kind: 'declare'; readonly name: string; readonly query: string; readonly isHeld: boolean }
  | { readonly kind: 'fetch' | 'move'; readonly name: string; readonly count: number }
  | { readonly kind: 'close'; readonly name: string | undefined };

const nameIn = (written: string): string =>
  written.startsWith('"') ? written.slice(1, -1).replaceAll('""', '"') : written.toLowerCase();

/** Reads DECLARE, FETCH, MOVE and CLOSE; undefined for any other statement. */
export function cursorStatement(text: string): CursorStatement | undefined {
  const pieces = piecesOf(text).filter(({ kind }) => kind !== 'space');
  const written = pieces.map(({ start, end }) => text.slice(start, end));
  const words = written.map((word) => word.toUpperCase());
  const [first = '', ...rest] = words;
  if (first === 'CLOSE' && rest.length === 1)
    return { kind: 'close', name: rest[0] === 'ALL' ? undefined : nameIn(written[1]!) };
  if (first === 'DECLARE') {
    const at = words.indexOf('CURSOR');
    const query = words.indexOf('FOR', at);
    if (at < 2 || query < 0 || pieces[query + 1] === undefined) return undefined;
    const isHeld = words.slice(at, query).join(' ') === 'CURSOR WITH HOLD';
    return { kind: 'declare', name: nameIn(written[1]!), query: text.slice(pieces[query + 1]!.start), isHeld };
  }
  if (first !== 'FETCH' && first !== 'MOVE') return undefined;
  const at = rest.length;
  const options = words.slice(1, at).filter((word) => !['FROM', 'IN', 'FORWARD'].includes(word));
  const amount = options[0] ?? (rest.includes('FORWARD') || options.length > 0 ? '1' : 'NEXT');
  const count = amount === 'NEXT' ? 1 : amount === 'ALL' ? Infinity : Number(amount);
  if (at < 1 || options.length > 1 || Number.isNaN(count)) return undefined;
  return { kind: first === 'FETCH' ? 'fetch' : 'move', name: nameIn(written[at]!), count };
}
