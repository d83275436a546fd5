import { EvaluationError } from '../../types/numbers.ts';
import type { VectorMetric } from '../../types/vector-metric.ts';
import { overload, scalar, type ScalarFunction } from '../define.ts';

type Vector = readonly (number | null)[];

function sameLength(left: Vector, right: Vector): void {
  if (left.length !== right.length)
    throw new EvaluationError(`vectors of ${left.length} and ${right.length} elements have no place in common`);
}
/** The sum over the places of both vectors; null when an element is. */
function overPlaces(left: Vector, right: Vector, term: (a: number, b: number) => number): number | null {
  sameLength(left, right);
  let sum = 0;
  for (let i = 0; i < left.length; i++) {
    const a = left[i]!;
    const b = right[i]!;
    if (a === null || b === null) return null;
    sum += term(a, b);
  }
  return sum;
}
const dot = (left: Vector, right: Vector): number | null => overPlaces(left, right, (a, b) => a * b);
const root = (sum: number | null): number | null => (sum === null ? null : Math.sqrt(sum));

/** As scikit-learn's cosine_similarity: a vector of zeros is similar to none, which is 0. */
function cosine(left: Vector, right: Vector): number | null {
  const product = dot(left, right);
  const a = dot(left, left);
  const b = dot(right, right);
  if (product === null || a === null || b === null) return null;
  if (a === 0 || b === 0) return 0;
  return Math.min(1, Math.max(-1, product / (Math.sqrt(a) * Math.sqrt(b))));
}
/** The norm of order 1, 2 or Infinity, the three of scikit-learn's Normalizer. */
function norm(vector: Vector, p: number): number | null {
  if (p !== 1 && p !== 2 && p !== Infinity) throw new EvaluationError('the order of the norm must be 1, 2 or Infinity');
  let sum = 0;
  for (const element of vector) {
    if (element === null) return null;
    const size = Math.abs(element);
    sum = p === Infinity ? Math.max(sum, size) : sum + (p === 1 ? size : size * size);
  }
  return p === 2 ? Math.sqrt(sum) : sum;
}
/** A vector of zeros stays as it is. */
function normalized(vector: Vector, p: number): Vector | null {
  const length = norm(vector, p);
  if (length === null) return null;
  return length === 0 ? vector : vector.map((element) => element! / length);
}

const ofTwo = (
  name: string,
  doc: string,
  evaluate: (left: Vector, right: Vector) => number | null,
  metric?: VectorMetric,
): ScalarFunction =>
  scalar({
    name,
    metric,
    doc: `${doc} Null when an element is null.`,
    category: 'MACHINE LEARNING',
    overloads: [overload('left ARRAY<DOUBLE>, right ARRAY<DOUBLE>', 'DOUBLE', evaluate)],
  });
/** Place by place; a place is null where either element is. */
const placewise = (name: string, doc: string, evaluate: (a: number, b: number) => number): ScalarFunction =>
  scalar({
    name,
    doc: `${doc} A place is null where an element of it is null.`,
    category: 'MACHINE LEARNING',
    overloads: [
      overload('left ARRAY<DOUBLE>, right ARRAY<DOUBLE>', 'ARRAY<DOUBLE>', (left: Vector, right: Vector) => {
        sameLength(left, right);
        return left.map((a, i) => {
          const b = right[i]!;
          return a === null || b === null ? null : evaluate(a, b);
        });
      }),
    ],
  });

const byNumber = (name: string, doc: string, evaluate: (a: number, b: number) => number): ScalarFunction =>
  scalar({
    name,
    doc,
    category: 'MACHINE LEARNING',
    overloads: [
      overload('vector ARRAY<DOUBLE>, number DOUBLE', 'ARRAY<DOUBLE>', (vector: Vector, number: number) =>
        vector.map((element) => (element === null ? null : evaluate(element, number))),
      ),
    ],
  });

/** The functions behind operators: of two vectors, and of a vector and a number. */
export const vectorOperators: Readonly<Record<'ofTwo' | 'byNumber', Readonly<Record<string, string | undefined>>>> = {
  ofTwo: { '+': 'VECTOR_ADD', '-': 'VECTOR_SUBTRACT', '*': 'VECTOR_MULTIPLY' },
  byNumber: { '*': 'VECTOR_SCALE', '/': 'VECTOR_DIVIDE' },
};

/** Vectors are arrays of doubles; two of them must have the same number of elements. */
export const vectorFunctions: readonly ScalarFunction[] = [
  ofTwo('DOT_PRODUCT', 'The sum of the products of the elements of two vectors.', dot, 'product'),
  ofTwo('COSINE_SIMILARITY', 'The cosine of the angle of two vectors; 0 when one is all zeros.', cosine, 'cosine'),
  ofTwo(
    'COSINE_DISTANCE',
    '1 less the cosine of the angle of two vectors.',
    (left, right) => {
      const similarity = cosine(left, right);
      return similarity === null ? null : 1 - similarity;
    },
    'angle',
  ),
  ofTwo(
    'L2_DISTANCE',
    'The Euclidean distance of two vectors.',
    (left, right) => root(overPlaces(left, right, (a, b) => (a - b) * (a - b))),
    'distance',
  ),
  ofTwo('L1_DISTANCE', 'The sum of the distances of the elements of two vectors.', (left, right) =>
    overPlaces(left, right, (a, b) => Math.abs(a - b)),
  ),
  placewise('VECTOR_ADD', 'The sums of the elements of two vectors.', (a, b) => a + b),
  placewise('VECTOR_SUBTRACT', 'The differences of the elements of two vectors.', (a, b) => a - b),
  placewise('VECTOR_MULTIPLY', 'The products of the elements of two vectors.', (a, b) => a * b),
  byNumber('VECTOR_SCALE', 'Each element of a vector multiplied by a number; null elements stay.', (a, b) => a * b),
  byNumber('VECTOR_DIVIDE', 'Each element of a vector divided by a number; null elements stay.', (a, b) => a / b),
  scalar({
    name: 'VECTOR_NORM',
    doc: 'The Euclidean length of a vector; null when an element is null.',
    category: 'MACHINE LEARNING',
    overloads: [overload('vector ARRAY<DOUBLE>', 'DOUBLE', (vector: Vector) => norm(vector, 2))],
  }),
  scalar({
    name: 'NORMALIZE',
    doc: 'A vector divided by its Euclidean length; a vector of zeros stays as it is. Null when an element is null.',
    category: 'MACHINE LEARNING',
    overloads: [overload('vector ARRAY<DOUBLE>', 'ARRAY<DOUBLE>', (vector: Vector) => normalized(vector, 2))],
  }),
  scalar({
    name: 'ML_NORMALIZER',
    doc: 'A vector divided by its norm of order 2, or 1, or Infinity, which is the greatest absolute element. A vector of zeros stays as it is; null when an element is null.',
    category: 'MACHINE LEARNING',
    overloads: [
      overload('vector ARRAY<DOUBLE>', 'ARRAY<DOUBLE>', (vector: Vector) => normalized(vector, 2)),
      overload('vector ARRAY<DOUBLE>, p DOUBLE', 'ARRAY<DOUBLE>', normalized),
    ],
  }),
];
