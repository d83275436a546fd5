import { EvaluationError } from '../../types/numbers.ts';

/** java.util.regex's names of classes of ASCII, as what stands between brackets. */
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
const others: Readonly<Record<string, string>> = { A: '(?<![\\s\\S])', z: '(?![\\s\\S])', Z: '(?=\\n?(?![\\s\\S]))' };

const cache = new Map<string, RegExp>();

/**
 * A pattern of java.util.regex as JavaScript's: flags at its start (`(?i)`), quoting by `\Q…\E`, the ASCII classes of `\p{…}`, `\h`,
 * `\A`, `\z` and `\Z` are translated; what else the two share means the same. Throws for what neither has.
 */
export function javaPattern(text: string): RegExp {
  let found = cache.get(text);
  if (found === undefined) {
    try {
      const { source, flags } = translated(text);
      found = new RegExp(source, `g${flags}`);
    } catch (error) {
      throw new EvaluationError(`"${text}" is not a regular expression: ${(error as Error).message}`);
    }
    if (cache.size > 1000) cache.clear();
    cache.set(text, found);
  }
  found.lastIndex = 0;
  return found;
}

function translated(text: string): { source: string; flags: string } {
  const [lead = '', given = ''] = /^\(\?([imsu]+)\)/i.exec(text) ?? [];
  const flags = new Set([...given.toLowerCase()].filter((flag) => flag !== 'u'));
  let source = '';
  let inClass = false;
  for (let i = lead.length; i < text.length; i++) {
    const character = text[i]!;
    if (character === '[') inClass = true;
    else if (character === ']') inClass = false;
    if (character !== '\\') {
      source += character;
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
      source += next === 'h' ? (inClass ? ' \\t\\xa0' : '[ \\t\\xa0]') : (!inClass && others[next]) || `\\${next}`;
      i++;
    }
  }
  return { source, flags: [...flags].join('') };
}

/** Java's replacement text: `$1` and `${name}` are groups, `\` takes the next character as it is. */
export function javaReplacement(text: string): (match: RegExpMatchArray) => string {
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
