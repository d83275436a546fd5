import { lexer } from '../../grammar/tokens.ts';
import type { Random } from './random.ts';

/** Where a token stands in its text, and what could stand there as well as it. */
interface Piece {
  readonly start: number;
  readonly end: number;
  readonly kind: string;
}

/** Words and signs of all statements, by the kind of their tokens. */
export class Words {
  readonly #byKind = new Map<string, string[]>();
  readonly #all: string[] = [];

  constructor(texts: Iterable<string>) {
    const seen = new Set<string>();
    for (const text of texts) {
      for (const { start, end, kind } of pieces(text)) {
        const image = text.slice(start, end);
        if (seen.has(image)) continue;
        seen.add(image);
        this.#all.push(image);
        this.#byKind.set(kind, [...(this.#byKind.get(kind) ?? []), image]);
      }
    }
  }
  like(kind: string, random: Random): string {
    return random.pick(this.#byKind.get(kind) ?? this.#all);
  }
  any(random: Random): string {
    return random.pick(this.#all);
  }
}

const operators = [
  'Equal',
  'NotEqual',
  'Less',
  'LessEqual',
  'Greater',
  'GreaterEqual',
  'Plus',
  'Minus',
  'Star',
  'Slash',
];
const kindOf = (name: string): string =>
  operators.includes(name)
    ? 'operator'
    : ['IntegerLiteral', 'DecimalLiteral', 'FloatLiteral'].includes(name)
      ? 'number'
      : name;

function pieces(text: string): Piece[] {
  return lexer.tokenize(text).tokens.map(({ startOffset, endOffset, tokenType }) => ({
    start: startOffset,
    end: endOffset! + 1,
    kind: kindOf(tokenType.name),
  }));
}

const extremes = [
  '0',
  '-1',
  '2147483648',
  '9223372036854775808',
  '1e400',
  '0.000001',
  "''",
  "'%'",
  'NULL',
  "'\u0000'",
  '`__proto__`',
];

/** A statement with one to three changes: most keep its shape, so that much of what comes out can be parsed and planned. */
export function mutateSql(text: string, words: Words, random: Random): string {
  let result = text;
  for (let left = 1 + random.below(3); left > 0; left--) result = mutateOnce(result, words, random);
  return result;
}

function mutateOnce(text: string, words: Words, random: Random): string {
  const tokens = pieces(text);
  if (tokens.length === 0) return text;
  const at = random.below(tokens.length);
  const { start, end, kind } = tokens[at]!;
  const image = text.slice(start, end);
  const replaced = (by: string): string => text.slice(0, start) + by + text.slice(end);
  const chance = random.next();
  // Names from the same statement are there more often than those of others.
  const own = tokens.filter((each) => each.kind === kind);
  if (chance < 0.4) {
    const other = random.pick(own);
    return replaced(text.slice(other.start, other.end));
  }
  if (chance < 0.62) return replaced(words.like(kind, random));
  if (chance < 0.7)
    return kind === 'number' || kind === 'StringLiteral'
      ? replaced(random.pick(extremes))
      : replaced(image.toLowerCase());
  if (chance < 0.76) return replaced('');
  if (chance < 0.82) return replaced(`${image} ${image}`);
  if (chance < 0.88) return replaced(`${image} ${words.any(random)}`);
  if (chance < 0.92) return replaced(`(${image})`);
  if (chance < 0.96) return moved(text, tokens, random);
  const place = random.below(text.length);
  return (
    text.slice(0, place) +
    String.fromCharCode(random.below(random.next() < 0.8 ? 128 : 65536)) +
    text.slice(place + random.below(2))
  );
}

/** A run of tokens copied to another place. */
function moved(text: string, tokens: readonly Piece[], random: Random): string {
  const from = random.below(tokens.length);
  const to = Math.min(tokens.length - 1, from + random.below(12));
  const { end } = random.pick(tokens);
  return `${text.slice(0, end)} ${text.slice(tokens[from]!.start, tokens[to]!.end)} ${text.slice(end)}`;
}
