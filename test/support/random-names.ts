import type { Random } from '../fuzz/random.ts';
import type { Naming, QueryModel, Ref } from './random-queries.ts';

/** Names without common prefixes. */
export const plainNames: Naming = {
  source: (source) => `SOURCE${'ABCDEFGH'[source]!}`,
  column: (source, column) => `COLUMN${'ABCDEFGH'[source]!}${'ABCDEFGH'[column]!}`,
  alias: (place) => `ALIAS${'ABCDEFGH'[place]!}`,
  output: (index) => `OUTPUT${'ABCDEFGHIJ'[index]!}`,
};

const parts = ['R', 'S', 'EU', 'TOTAL', 'ORDERS', 'R_S', 'S_R', 'T1', 'ID'];
const oddNames = [
  'MY_ROWTIME',
  'R_ROWTIME',
  'ROWTIME_S',
  'ROWTIME1',
  'S_ROWPARTITION',
  'MY_WINDOWSTART',
  'WINDOWEND_1',
  'ROWKEY_1',
  'KSQL_AGG_VARIABLE_0',
  'KSQL_AGG_VARIABLE_1',
  'KSQL_INTERNAL_KEY_0',
  'KSQL_INTERNAL_COL_0',
  'KSQL_INTERNAL_COL_1',
  'KSQL_SYNTH_0',
  'KSQL_OVER_0',
  'KSQL_COL_0',
  'A',
  'L',
];

/** Every column that a query reads. */
function refsOf(query: QueryModel): Ref[] {
  const refs: Ref[] = [];
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    if ((value as Ref).kind === 'ref') refs.push(value as Ref);
    else Object.values(value).forEach(visit);
  };
  visit([query.select, query.where, query.joins, query.groupBy, query.having]);
  return refs;
}

/** Names that are prefixes of each other, or that the engine uses itself. */
export function oddNaming(random: Random, query: QueryModel): Naming {
  const part = (): string => random.pick(parts);
  const name = (odd: number): string => {
    if (random.next() < odd) return random.pick(oddNames);
    return random.next() < 0.4 ? part() : `${part()}_${part()}`;
  };
  const distinct = (length: number, make: (i: number) => string, taken: readonly string[] = []): string[] => {
    const used = new Set(taken);
    return Array.from({ length }, (_, i) => {
      let candidate = make(i);
      while (used.has(candidate)) candidate = `${name(0)}${random.next() < 0.3 ? '_1' : ''}`;
      used.add(candidate);
      return candidate;
    });
  };
  const count = query.sources.length;
  // Two columns of the query whose names collide when qualified by their sources: R.S_X and R_S.X.
  const refs = refsOf(query).filter(({ column }) => column !== 'time');
  const one = random.next() < 0.6 && refs.length > 0 ? random.pick(refs) : undefined;
  const others = refs.filter(({ place }) => place !== one?.place);
  const other = one === undefined || others.length === 0 ? undefined : random.pick(others);
  const [short, middle, end] = [part(), part(), part()];
  const aliases = distinct(count, (place) =>
    other === undefined
      ? name(0.1)
      : place === one!.place
        ? short
        : place === other.place
          ? `${short}_${middle}`
          : name(0.1),
  );
  const isUnaliased = random.next() < 0.3;
  const sources = isUnaliased ? aliases : distinct(count, () => name(0.1), ['RESULT_OF_ALL']);
  const hasRowkey = query.select.some(({ kind }) => kind === 'rowkey');
  const columns = query.sources.map((source, place) =>
    distinct(source.columns.length, (column) => {
      if (other !== undefined && place === one!.place && column === one!.column) return `${middle}_${end}`;
      if (other !== undefined && place === other.place && column === other.column) return end;
      const found = random.next() < 0.05 ? 'ROWKEY' : name(0.35);
      // The key of a full join is called ROWKEY, so no column of such a query may be.
      return hasRowkey && found.startsWith('ROWKEY') ? 'K' : found;
    }),
  );
  const outputs = distinct(query.select.length, () => name(0.3));
  return {
    source: (source) => sources[source]!,
    column: (source, column) => columns[source]![column]!,
    alias: (place) => aliases[place]!,
    output: (index) => outputs[index]!,
  };
}
