import { EvaluationError } from '../types/numbers.ts';

/** The parts of a LIKE pattern between its `%`, as regular expressions without repetition. */
interface Parts {
  readonly first: RegExp;
  readonly middle: readonly RegExp[];
  readonly last: RegExp;
}

const cache = new Map<string, RegExp | Parts>();

/** LIKE: `%` matches any text, `_` one code point. Neither matches a line terminator, as in Java without DOTALL. */
export const like = (value: string, pattern: string, escape: string | null): boolean =>
  isLike(value, pattern, escape, 'u');

/** ILIKE: LIKE for which upper and lower case are the same. */
export const likeIgnoringCase = (value: string, pattern: string, escape: string | null): boolean =>
  isLike(value, pattern, escape, 'iu');

/** JavaScript's engine says when it is asked, not before, that it takes no pattern of this length. */
function isLike(value: string, pattern: string, escape: string | null, flags: 'u' | 'iu'): boolean {
  try {
    return matches(value, patternOf(pattern, escape, flags));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new EvaluationError(`a pattern of LIKE of ${pattern.length} characters is too long`);
  }
}

/** A pattern with at most one `%` is one regular expression: then JavaScript's engine takes linear time. */
function patternOf(pattern: string, escape: string | null, flags: 'u' | 'iu'): RegExp | Parts {
  const key = `${flags}${escape ?? ''}\u0000${pattern}`;
  let compiled = cache.get(key);
  if (compiled === undefined) {
    const texts = [''];
    for (let i = 0; i < pattern.length; i++) {
      const c = pattern[i]!;
      const isEscape = escape !== null && c === escape && i + 1 < pattern.length;
      if (!isEscape && c === '%') texts.push('');
      else texts[texts.length - 1] += isEscape ? quote(pattern[++i]!) : c === '_' ? '.' : quote(c);
    }
    compiled =
      texts.length <= 2
        ? new RegExp(`^${texts.join('.*')}$`, flags)
        : {
            first: new RegExp(`^${texts[0]!}`, flags),
            // An empty part between two `%` says nothing.
            middle: texts.slice(1, -1).flatMap((text) => (text === '' ? [] : new RegExp(text, `${flags}g`))),
            last: new RegExp(`${texts.at(-1)!}$`, `${flags}g`),
          };
    if (cache.size > 1000) cache.clear();
    cache.set(key, compiled);
  }
  return compiled;
}

/**
 * Each part is looked for where the one before ends: what lies between is what `%` stands for. The first place is the best one, because
 * a later part finds there whatever it finds behind a later place.
 */
function matches(value: string, pattern: RegExp | Parts): boolean {
  if (pattern instanceof RegExp) return pattern.test(value);
  const { first, middle, last } = pattern;
  const start = first.exec(value);
  if (start === null) return false;
  let end = start[0].length;
  for (const part of [...middle, last]) {
    part.lastIndex = end;
    const match = part.exec(value);
    if (match === null || hasLineEnd(value, end, match.index)) return false;
    end = match.index + match[0].length;
  }
  return true;
}

const lineEnds = /[\n\r\u2028\u2029]/g;
function hasLineEnd(value: string, from: number, to: number): boolean {
  lineEnds.lastIndex = from;
  const found = lineEnds.exec(value);
  return found !== null && found.index < to;
}

const quote = (character: string): string => character.replace(/[\\^$.*+?()[\]{}|/]/, '\\$&');
