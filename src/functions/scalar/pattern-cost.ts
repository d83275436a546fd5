/** How many ways a part of a pattern may match a text of n characters: at most `factor` × (n + 1) to the power of `power`. */
interface Ways {
  readonly power: number;
  readonly factor: number;
}
const one: Ways = { power: 0, factor: 1 };
const unknown: Ways = { power: Infinity, factor: 1 };
const both = (a: Ways, b: Ways): Ways => ({ power: a.power + b.power, factor: a.factor * b.factor });
const either = (a: Ways, b: Ways): Ways => ({ power: Math.max(a.power, b.power), factor: a.factor + b.factor });

const quantifier = /(?:[*+?]|\{(\d+)(,(\d*))?\})\??/y;
const groupStart = /\((?:\?(?:[:=!]|<[=!]|<\w+>))?/y;
const atom = /\\[pP]\{[^}]*\}|\\u\{[^}]*\}|\\k<\w+>|\\.|\[(?:\\.|[^\]\\])*\]|[^]/y;

/**
 * A bound on the work of JavaScript's engine, which goes back and tries again, as a function of a text's length. It is infinite where
 * what is repeated can itself match in several ways. `source` is a valid pattern of JavaScript.
 */
export function patternCost(source: string): (length: number) => number {
  let at = 0;
  const take = (regex: RegExp): RegExpExecArray | null => {
    regex.lastIndex = at;
    const match = regex.exec(source);
    if (match !== null) at += match[0].length;
    return match;
  };
  const alternatives = (): Ways => {
    let ways = sequence();
    while (source[at] === '|') {
      at++;
      ways = either(ways, sequence());
    }
    return ways;
  };
  const sequence = (): Ways => {
    let ways = one;
    while (at < source.length && source[at] !== '|' && source[at] !== ')') ways = both(ways, repeated(item()));
    return ways;
  };
  const item = (): Ways => {
    if (take(groupStart) === null) {
      take(atom);
      return one;
    }
    const ways = alternatives();
    at++;
    return ways;
  };
  const repeated = (ways: Ways): Ways => {
    const match = take(quantifier);
    if (match === null) return ways;
    const [text, least, comma, most] = match;
    if (text.startsWith('?')) return either(ways, one);
    if (least !== undefined && comma === undefined) return ways === one || Number(least) < 2 ? ways : unknown;
    // A group without choices may still be empty or begin anew at any place.
    if (ways.power > 0 || ways.factor > 1) return unknown;
    return least === undefined || most === ''
      ? { power: 1, factor: 1 }
      : { power: 0, factor: Number(most) - Number(least) + 1 };
  };
  const { power, factor } = alternatives();
  return (length) => (length + 1) * factor * (length + 1) ** power * (length + source.length);
}
