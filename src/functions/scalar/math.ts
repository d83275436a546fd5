import { boundOverload, overload, scalar, type ScalarFunction } from '../define.ts';

const double = (name: string, doc: string, evaluate: (value: number) => number): ScalarFunction =>
  scalar({
    name,
    doc,
    category: 'NUMERIC',
    overloads: ['INTEGER', 'BIGINT', 'DOUBLE'].map((type) =>
      overload(`value ${type}`, 'DOUBLE', (value: number) => evaluate(Number(value))),
    ),
  });
const pair = (
  name: string,
  doc: string,
  a: string,
  b: string,
  evaluate: (x: number, y: number) => number,
): ScalarFunction =>
  scalar({
    name,
    doc,
    category: 'NUMERIC',
    overloads: ['INTEGER', 'BIGINT', 'DOUBLE'].map((type) =>
      overload(`${a} ${type}, ${b} ${type}`, 'DOUBLE', (x: number, y: number) => evaluate(Number(x), Number(y))),
    ),
  });
const logBase = (base: number, value: number): number =>
  base <= 0 || base === 1 ? NaN : Math.log(value) / Math.log(base);

/** Functions of one or two numbers, each a line of mathematics. */
export const mathFunctions: readonly ScalarFunction[] = [
  double('SQRT', 'The square root; NaN of a negative number.', Math.sqrt),
  double('CBRT', 'The cube root.', Math.cbrt),
  double('EXP', 'e raised to the value.', Math.exp),
  double('LN', 'The natural logarithm.', Math.log),
  double('SIN', 'The sine of an angle in radians.', Math.sin),
  double('COS', 'The cosine of an angle in radians.', Math.cos),
  double('TAN', 'The tangent of an angle in radians.', Math.tan),
  double('COT', 'The cotangent of an angle in radians.', (value) => 1 / Math.tan(value)),
  double('ASIN', 'The angle in radians of a sine.', Math.asin),
  double('ACOS', 'The angle in radians of a cosine.', Math.acos),
  double('ATAN', 'The angle in radians of a tangent.', Math.atan),
  double('SINH', 'The hyperbolic sine.', Math.sinh),
  double('COSH', 'The hyperbolic cosine.', Math.cosh),
  double('TANH', 'The hyperbolic tangent.', Math.tanh),
  double('DEGREES', 'Radians as degrees.', (value) => (value * 180) / Math.PI),
  double('RADIANS', 'Degrees as radians.', (value) => (value / 180) * Math.PI),
  pair('ATAN2', 'The angle of the point (x, y) in radians.', 'y', 'x', Math.atan2),
  pair('POWER', 'The base raised to the exponent.', 'base', 'exponent', Math.pow),
  scalar({ name: 'PI', doc: 'The number π.', category: 'NUMERIC', overloads: [overload('', 'DOUBLE', () => Math.PI)] }),
  scalar({
    name: 'RANDOM',
    doc: 'A number from 0 up to 1, other at each call.',
    category: 'NUMERIC',
    volatile: true,
    overloads: [overload('', 'DOUBLE', Math.random)],
  }),
  scalar({
    name: 'LOG',
    doc: 'The natural logarithm, or the logarithm to a base.',
    category: 'NUMERIC',
    overloads: [
      ...['INTEGER', 'BIGINT', 'DOUBLE'].map((type) =>
        overload(`value ${type}`, 'DOUBLE', (value: number) => Math.log(Number(value))),
      ),
      ...['INTEGER', 'BIGINT', 'DOUBLE'].map((type) =>
        overload(`base ${type}, value ${type}`, 'DOUBLE', (base: number, value: number) =>
          logBase(Number(base), Number(value)),
        ),
      ),
    ],
  }),
  scalar({
    name: 'SIGN',
    doc: '-1, 0 or 1.',
    category: 'NUMERIC',
    overloads: ['INTEGER', 'BIGINT', 'DOUBLE'].map((type) =>
      boundOverload(`value ${type}`, 'INTEGER', () => (value: number) => (value > 0 ? 1 : value < 0 ? -1 : 0)),
    ),
  }),
];
