import { RE2JS } from 're2js';
import { EvaluationError } from '../../types/numbers.ts';
import { watch } from '../user/watch.ts';
import { patternCost } from './pattern-cost.ts';

/** The ASCII character classes of java.util.regex, by name, as the content of a bracket expression. */
const asciiClasses: Readonly<Record<string, string>> = {
  Lower: 'a-z',
  Upper: 'A-Z',
  ASCII: '\\x00-\\x7f',
  Alpha: 'a-zA-Z',
  Digit: '0-9',
  Alnum: 'a-zA-Z0-9',
  Punct: '!-\\/:-@\\[-`\\{-~',
  Graph: '!-~',
  Print: ' -~',
  Blank: ' \\t',
  Cntrl: '\\x00-\\x1f\\x7f',
  XDigit: '0-9a-fA-F',
  Space: ' \\t\\n\\x0b\\f\\r',
};
/** Places of a text, as each engine has them; RE2 has no word for `\Z`. */
const places = {
  js: { A: '(?<![\\s\\S])', z: '(?![\\s\\S])', Z: '(?=\\n?(?![\\s\\S]))' },
  re2: { A: '\\A', z: '\\z' },
} as const satisfies Record<string, Readonly<Record<string, string>>>;
type Engine = keyof typeof places;

/** A match, with its groups. */
export type PatternMatch = Pick<RegExpMatchArray, 'groups' | 'length'> & {
  readonly index: number;
  readonly [group: number]: string | undefined;
  readonly 0: string;
};

/** A compiled pattern of java.util.regex. */
export interface JavaPattern {
  first(text: string): PatternMatch | null;
  all(text: string): Iterable<PatternMatch>;
}

/** The most steps that JavaScript's engine is given for a text: some hundredths of a second. */
const mostSteps = 1e7;

/**
 * A pattern runs in JavaScript's engine, which is the fastest, where that surely ends soon: by the pattern's form and the text's length.
 * Other patterns and texts go to RE2, which takes linear time. What RE2 does not have (lookaround, back references) has a time limit.
 */
class Compiled implements JavaPattern {
  readonly #text: string;
  readonly #js: RegExp;
  readonly #cost: (length: number) => number;
  #linear: RE2JS | undefined | null;
  /** How often the time limit was exceeded, and the length of the shortest text of those. */
  #timeouts = 0;
  #slowFrom = Infinity;

  constructor(text: string) {
    const { source, flags } = translated(text, 'js');
    this.#text = text;
    this.#js = new RegExp(source, `g${flags}`);
    // JavaScript compiles it when it is first used, for narrow and for wide characters, and only then says that it is too large.
    this.#js.test('');
    this.#js.lastIndex = 0;
    this.#js.test('\u0100');
    this.#cost = patternCost(source);
  }

  first(text: string): PatternMatch | null {
    const linear = this.#linearFor(text);
    if (linear !== undefined) {
      for (const match of matchesOf(linear, text)) return match;
      return null;
    }
    this.#js.lastIndex = 0;
    return this.#timed(text, () => this.#js.exec(text));
  }
  all(text: string): Iterable<PatternMatch> {
    const linear = this.#linearFor(text);
    if (linear !== undefined) return matchesOf(linear, text);
    this.#js.lastIndex = 0;
    return this.#isCheap(text) ? text.matchAll(this.#js) : this.#timed(text, () => [...text.matchAll(this.#js)]);
  }

  #isCheap(text: string): boolean {
    return this.#cost(text.length) <= mostSteps;
  }
  #linearFor(text: string): RE2JS | undefined {
    if (this.#isCheap(text)) return undefined;
    if (this.#linear === undefined) this.#linear = linearPattern(this.#text) ?? null;
    return this.#linear ?? undefined;
  }
  #timed<T>(text: string, run: () => T): T {
    if (this.#isCheap(text)) return run();
    // A query must not stand at each of its records until the limit.
    if (this.#timeouts >= 5 && text.length >= this.#slowFrom)
      throw new EvaluationError(`"${shortened(this.#text)}" takes too long`);
    try {
      return watch(run, 200);
    } catch (error) {
      this.#timeouts++;
      this.#slowFrom = Math.min(this.#slowFrom, text.length);
      throw error;
    }
  }
}

/** The pattern for RE2; undefined where it has no such syntax. */
function linearPattern(text: string): RE2JS | undefined {
  try {
    const { source, flags } = translated(text, 're2');
    const known = { i: RE2JS.CASE_INSENSITIVE, m: RE2JS.MULTILINE, s: RE2JS.DOTALL, u: 0 };
    return RE2JS.compile(
      source,
      [...flags].reduce((all, flag) => all | known[flag as keyof typeof known], 0),
    );
  } catch {
    return undefined;
  }
}
function* matchesOf(pattern: RE2JS, text: string): Iterable<PatternMatch> {
  const matcher = pattern.matcher(text);
  const names = Object.entries(pattern.namedGroups());
  while (matcher.find()) {
    const groups = Array.from({ length: matcher.groupCount() + 1 }, (_, i) => matcher.group(i) ?? undefined);
    yield Object.assign(groups as [string, ...(string | undefined)[]], {
      index: matcher.start(),
      groups: Object.fromEntries(names.map(([name, i]) => [name, groups[i]!])),
    });
  }
}

const cache = new Map<string, JavaPattern>();

/**
 * Translates a pattern of java.util.regex: leading flags (`(?i)`), quoting by `\Q…\E`, the ASCII classes of `\p{…}`, `\h`, `\A`, `\z`
 * and `\Z`. Syntax that JavaScript shares is unchanged. Throws for an invalid pattern.
 */
export function javaPattern(text: string): JavaPattern {
  let pattern = cache.get(text);
  if (pattern === undefined) {
    try {
      pattern = new Compiled(text);
    } catch (error) {
      throw new EvaluationError(
        `"${shortened(text)}" is not a regular expression: ${shortened((error as Error).message)}`,
      );
    }
    if (cache.size > 1000) cache.clear();
    cache.set(text, pattern);
  }
  return pattern;
}

const shortened = (text: string): string => (text.length > 500 ? `${text.slice(0, 500)}…` : text);

/** Line ends as JavaScript has them for the dot. */
const noLineEnd = '[^\\n\\r\\x{2028}\\x{2029}]';

function translated(text: string, engine: Engine): { source: string; flags: string } {
  const [lead = '', given = ''] = /^\(\?([imsu]+)\)/i.exec(text) ?? [];
  const flags = new Set([...given.toLowerCase()].filter((flag) => flag !== 'u'));
  let source = '';
  let inClass = false;
  for (let i = lead.length; i < text.length; i++) {
    const character = text[i]!;
    if (character === '[') inClass = true;
    else if (character === ']') inClass = false;
    if (character !== '\\') {
      const isDot = engine === 're2' && character === '.' && !inClass && !flags.has('s');
      source += isDot ? noLineEnd : character;
      continue;
    }
    const rest = text.slice(i + 1);
    const quoted = /^Q([\s\S]*?)(?:\\E|$)/.exec(rest);
    const named = /^([pP])\{(?:Is)?(\w+)\}/.exec(rest);
    const ascii = named === null ? undefined : asciiClasses[named[2]!];
    if (quoted !== null) {
      source += quoted[1]!.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
      i += quoted[0].length;
    } else if (ascii !== undefined) {
      source += inClass && named![1] === 'p' ? ascii : `[${named![1] === 'P' ? '^' : ''}${ascii}]`;
      i += named![0].length;
    } else if (named !== null) {
      flags.add('u');
      source += `\\${named[1]!}{${named[2]!}}`;
      i += named[0].length;
    } else {
      const next = rest[0] ?? '';
      const place: string | undefined = inClass
        ? undefined
        : (places[engine] as Readonly<Record<string, string>>)[next];
      const unit = engine === 're2' ? /^u([0-9a-fA-F]{4})/.exec(rest) : null;
      if (unit !== null) {
        source += `\\x{${unit[1]!}}`;
        i += 4;
      } else source += next === 'h' ? (inClass ? ' \\t\\xa0' : '[ \\t\\xa0]') : (place ?? `\\${next}`);
      i++;
    }
  }
  return { source, flags: [...flags].join('') };
}

/** Java's replacement text: `$1` and `${name}` are groups; `\` quotes the next character. */
export function javaReplacement(text: string): (match: PatternMatch) => string {
  return (match) => {
    let result = '';
    for (let i = 0; i < text.length; i++) {
      const character = text[i]!;
      if (character === '\\') {
        if (i + 1 === text.length) throw new EvaluationError('the replacement ends with a backslash');
        result += text[++i]!;
      } else if (character !== '$') result += character;
      else {
        const name = /^\$\{(\w+)\}/.exec(text.slice(i));
        if (name !== null) {
          if (match.groups?.[name[1]!] === undefined && !(name[1]! in (match.groups ?? {})))
            throw new EvaluationError(`the pattern has no group ${name[1]!}`);
          result += match.groups?.[name[1]!] ?? '';
          i += name[0].length - 1;
          continue;
        }
        let digits = /^\d/.exec(text.slice(i + 1))?.[0];
        if (digits === undefined) throw new EvaluationError('a $ of the replacement names no group');
        if (Number(digits) >= match.length) throw new EvaluationError(`the pattern has no group ${digits}`);
        i++;
        for (let next = text[i + 1]; next !== undefined && /\d/.test(next); next = text[i + 1]) {
          if (Number(digits + next) >= match.length) break;
          digits += next;
          i++;
        }
        result += match[Number(digits)] ?? '';
      }
    }
    return result;
  };
}
