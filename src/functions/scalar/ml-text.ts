import { EvaluationError } from '../../types/numbers.ts';
import { murmur3 } from '../../util/murmur3.ts';
import { overload, scalar, type ScalarFunction } from '../define.ts';

type Texts = readonly (string | null)[];

/** Words of two characters or more, as scikit-learn's vectorizers cut text. */
const word = /[\p{L}\p{N}_]{2,}/gu;

/** Runs of n tokens; null tokens are left out. */
function ngrams(tokens: Texts, n = 2, separator = ' '): string[] {
  if (n < 1) throw new EvaluationError('an n-gram has 1 token or more');
  const given = tokens.filter((token) => token !== null);
  return Array.from({ length: Math.max(0, given.length - n + 1) }, (_, i) => given.slice(i, i + n).join(separator));
}

/** Feature hashing, as scikit-learn's HashingVectorizer without a norm does it. */
function hashed(tokens: Texts, size: number): number[] {
  if (size < 1 || size > 1_000_000) throw new EvaluationError('the size must be 1 to 1000000');
  const counts = new Array<number>(size).fill(0);
  for (const token of tokens) {
    if (token === null) continue;
    const hash = murmur3(Buffer.from(token), 0) | 0;
    counts[Math.abs(hash) % size]! += hash >= 0 ? 1 : -1;
  }
  return counts;
}

export const textFunctions: readonly ScalarFunction[] = [
  scalar({
    name: 'ML_TOKENS',
    doc: 'The words of a text in lower case, in order: runs of two or more letters, digits and underscores.',
    category: 'MACHINE LEARNING',
    overloads: [overload('text STRING', 'ARRAY<STRING>', (text: string) => text.toLowerCase().match(word) ?? [])],
  }),
  scalar({
    name: 'ML_NGRAMS',
    doc: 'The runs of n tokens, 2 unless given, joined by a separator, a space unless given. Null tokens are left out.',
    category: 'MACHINE LEARNING',
    overloads: [
      overload('tokens ARRAY<STRING>', 'ARRAY<STRING>', (tokens: Texts) => ngrams(tokens)),
      overload('tokens ARRAY<STRING>, n INTEGER', 'ARRAY<STRING>', (tokens: Texts, n: number) => ngrams(tokens, n)),
      overload('tokens ARRAY<STRING>, n INTEGER, separator STRING', 'ARRAY<STRING>', ngrams),
    ],
  }),
  scalar({
    name: 'ML_HASHING_ENCODER',
    doc: 'A vector of the given size: each token counts 1 or -1 at the place of its hash (MurmurHash3). Null tokens are left out.',
    category: 'MACHINE LEARNING',
    overloads: [overload('tokens ARRAY<STRING>, size INTEGER', 'ARRAY<DOUBLE>', hashed)],
  }),
  scalar({
    name: 'TF_IDF',
    doc: 'The weight of a term: its count in a document times 1 + ln((1 + documents) / (1 + documents with the term)).',
    category: 'MACHINE LEARNING',
    overloads: [
      overload(
        'count DOUBLE, documents DOUBLE, with_term DOUBLE',
        'DOUBLE',
        (count: number, documents: number, withTerm: number) => {
          if (count < 0 || withTerm < 0 || documents < withTerm)
            throw new EvaluationError('counts must be 0 or more, and documents no fewer than those with the term');
          return count * (Math.log((1 + documents) / (1 + withTerm)) + 1);
        },
      ),
    ],
  }),
];
