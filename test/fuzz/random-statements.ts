import { aggregateFunctions } from '../../src/functions/aggregate/index.ts';
import { signaturesOf, type ScalarFunction, type SqlFunction } from '../../src/functions/define.ts';
import { scalarFunctions } from '../../src/functions/scalar/index.ts';
import type { Param, ParamType } from '../../src/functions/signature.ts';
import { typeText } from '../../src/types/sql-type.ts';
import type { Random } from './random.ts';
import { randomOperator, type Parts } from './random-operators.ts';
import { columns } from './values.ts';

/** The sources that random queries read: two streams and two tables of every type. */
export const sourceNames = ['S', 'R', 'T', 'U'] as const;
export type SourceName = (typeof sourceNames)[number];
export const isTable = (name: SourceName): boolean => name === 'T' || name === 'U';

/** Arguments by the text of their type. */
const pool: Readonly<Record<string, readonly string[]>> = {
  INTEGER: ['I', 'I', '0', '-1', '3', '2147483647', 'P->X'],
  BIGINT: ['L', 'L', 'ROWTIME', '9223372036854775807', 'A[1]'],
  DOUBLE: ['D', 'D', 'D / 0', '0e0', '1e308', "M['a']"],
  BOOLEAN: ['B', 'TRUE', 'I > 0'],
  STRING: ['S', 'S', 'S', "''", "'a'", "'yyyy-MM-dd HH:mm'", "'$.a'", 'CAST(D AS STRING)'],
  BYTES: ['Y', 'Y', "TO_BYTES(S, 'utf8')"],
  TIMESTAMP: ['TS', 'FROM_UNIXTIME(L)'],
  DATE: ['DAY', 'FROM_DAYS(I)'],
  TIME: ['CLOCK'],
  DECIMAL: ['PRICE', 'SMALL', 'PRICE * PRICE', 'SMALL / PRICE', 'CAST(D AS DECIMAL(9, 2))'],
  'ARRAY<BIGINT>': ['A'],
  'ARRAY<INTEGER>': ['ARRAY[I, 1]'],
  'ARRAY<DOUBLE>': ['ARRAY[D, 0e0]'],
  'ARRAY<STRING>': ['P->TAGS', "ARRAY[S, '']"],
  'MAP<STRING, DOUBLE>': ['M'],
  'MAP<STRING, STRING>': ['MAP(S := S)'],
};
const everything = Object.values(pool).flat();

function argument({ type, constant }: Param, random: Random): string {
  const known = ofType(type, random);
  if (!constant) return known;
  const literals = (pool[type.kind === 'exact' ? typeText(type.type) : 'STRING'] ?? []).filter((text) =>
    /^[-\d'T]/.test(text),
  );
  return literals.length === 0 ? '1' : random.pick(literals);
}
function ofType(type: ParamType, random: Random): string {
  switch (type.kind) {
    case 'exact':
      return random.pick(pool[typeText(type.type)] ?? everything);
    case 'anyDecimal':
      return random.pick(pool['DECIMAL']!);
    case 'unit':
      return random.pick(['DAYS', 'SECONDS', 'MILLISECONDS']);
    case 'array':
      return type.element.kind === 'exact'
        ? random.pick(pool[`ARRAY<${typeText(type.element.type)}>`] ?? ['A'])
        : random.pick(['A', 'P->TAGS', 'ARRAY[D, 1e0]']);
    case 'map':
      return random.pick(['M', 'MAP(S := L)']);
    case 'lambda':
      return `(${type.params.map((_, i) => `X${i}`).join(', ')}) => ${random.pick(['X0', 'X0 = X0', 'X0 + X0'])}`;
    case 'generic':
    case 'any':
    case 'struct':
      return random.pick(everything);
  }
}

/** A call of a function by one of its signatures; whether it is valid is for the binder to say. */
function call(fn: SqlFunction, random: Random): string {
  const { overload } = random.pick(signaturesOf(fn));
  const args = overload.params.flatMap((param) =>
    Array.from({ length: param.variadic ? 1 + random.below(3) : 1 }, () => argument(param, random)),
  );
  return `${fn.name}(${args.join(', ')})`;
}

const scalars: readonly ScalarFunction[] = scalarFunctions.filter(({ volatile }) => !volatile);

/** An expression over one source's columns. */
export function randomScalar(random: Random): string {
  const chance = random.next();
  if (chance < 0.7) return call(random.pick(scalars), random);
  const [left, right] = [random.pick(everything), random.pick(everything)];
  if (chance < 0.85) return `${left} ${random.pick(['+', '-', '*', '/', '%'])} ${right}`;
  if (chance < 0.95)
    return `CAST(${left} AS ${random.pick(['INT', 'BIGINT', 'DOUBLE', 'STRING', 'DATE', 'TIME', 'TIMESTAMP', 'DECIMAL(4, 2)', 'BOOLEAN'])})`;
  return `CASE WHEN ${left} = ${right} THEN ${left} ELSE ${right} END`;
}

export function randomCondition(random: Random): string {
  const [left, right] = [random.pick(everything), random.pick(everything)];
  switch (random.below(6)) {
    case 0:
      return `${left} IN (NULL)`;
    case 1:
      return `${left} NOT IN (${right}, NULL)`;
    case 2:
      return `${left} LIKE ${right}`;
    case 3:
      return `${left} BETWEEN ${right} AND ${random.pick(everything)}`;
    case 4:
      return `NOT (${left} = ${right})`;
    default:
      return `${left} ${random.pick(['<', '>=', '<>', 'IS DISTINCT FROM'])} ${right}`;
  }
}

/** A call of an aggregate. */
export const randomAggregate = (random: Random): string => call(random.pick(aggregateFunctions), random);

const windows = [
  '',
  '',
  'WINDOW TUMBLING (SIZE 10 SECONDS)',
  'WINDOW TUMBLING (SIZE 10 SECONDS, GRACE PERIOD 1 DAY)',
  'WINDOW HOPPING (SIZE 10 SECONDS, ADVANCE BY 3 SECONDS)',
  'WINDOW SESSION (5 SECONDS)',
  'WINDOW SLIDING (SIZE 10 SECONDS)',
  'WINDOW CUMULATE (SIZE 1 MINUTE, STEP 10 SECONDS)',
];
const frames = [
  'ROWS BETWEEN 3 PRECEDING AND CURRENT ROW',
  'RANGE BETWEEN INTERVAL 10 SECONDS PRECEDING AND CURRENT ROW',
  'RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW',
];
const items = (texts: readonly string[]): string => texts.map((text, i) => `${text} AS O${i}`).join(', ');

/** A persistent query named O over the sources, of parts that are valid by themselves. */
export function randomStatement(parts: Parts, random: Random): string {
  if (random.below(3) === 0) return randomOperator(parts, random);
  const some = (list: readonly string[]): string[] =>
    Array.from({ length: 1 + random.below(4) }, () => random.pick(list));
  const where = random.below(2) === 0 ? '' : `WHERE ${random.pick(parts.conditions)}`;
  const emit = (window: string): string => (window !== '' && random.below(3) === 0 ? 'EMIT FINAL' : 'EMIT CHANGES');
  switch (random.below(9)) {
    case 0:
    case 1:
      return `CREATE STREAM O AS SELECT K, ${items(some(parts.scalars))} FROM S ${where};`;
    case 2:
    case 3: {
      const window = random.pick(windows);
      return `CREATE TABLE O AS SELECT K, ${items(some(parts.aggregates))} FROM S ${window} ${where} GROUP BY K ${emit(window)};`;
    }
    case 4: {
      const by = random.pick(['S', 'I', 'B', 'D', 'DAY', 'PRICE', 'S, I', 'Y']);
      return `CREATE TABLE O AS SELECT ${by}, ${items(some(parts.aggregates))} FROM ${random.pick(['S', 'T'])} ${where} GROUP BY ${by};`;
    }
    case 5:
      return `CREATE TABLE O AS SELECT K, ${items(some(parts.scalars))} FROM T ${where};`;
    case 6: {
      const list = columns.map(({ name }) => `${random.pick(['S', 'R'])}.${name === 'T' ? 'TS' : name}`);
      const kind = random.pick(['JOIN', 'LEFT JOIN', 'FULL JOIN']);
      if (random.below(2) === 0) {
        const grace = random.pick(['', 'GRACE PERIOD 1 SECOND']);
        return `CREATE STREAM O AS SELECT ${kind === 'FULL JOIN' ? 'ROWKEY' : 'S.K'}, ${items(some(list))} FROM S ${kind} R WITHIN 10 SECONDS ${grace} ON S.K = R.K;`;
      }
      const table = some(list).map((text) => text.replace(/^R\./, 'T.'));
      return `CREATE STREAM O AS SELECT S.K, ${items(table)} FROM S ${kind === 'FULL JOIN' ? 'JOIN' : kind} T ON S.K = T.K;`;
    }
    case 7: {
      const kind = random.pick(['JOIN', 'LEFT JOIN']);
      return `CREATE TABLE O AS SELECT T.K, T.D AS D, U.L AS L, U.SMALL AS SM FROM T ${kind} U ON ${random.pick(['T.K', 'T.S'])} = U.K;`;
    }
    default: {
      const calls = some(parts.aggregates).map(
        (text) => `${text} OVER (PARTITION BY K ORDER BY ROWTIME ${random.pick(frames)})`,
      );
      const select = `SELECT K, ${items(random.below(2) === 0 ? calls : some(parts.aggregates))} FROM S`;
      return select.includes(' OVER ')
        ? `CREATE STREAM O AS ${select} ${where};`
        : `CREATE FEATURE VIEW O ENTITY KEY (K) AS ${select} ${where} GROUP BY K;`;
    }
  }
}
