import type { Random } from '../fuzz/random.ts';

/** Queries as data without names: sources, columns and outputs are numbers, and a `Naming` names them. */
export type ColumnType = 'INT' | 'STRING';
export interface SourceModel {
  readonly kind: 'STREAM' | 'TABLE';
  /** The types of its columns; the first one is the key. */
  readonly columns: readonly ColumnType[];
}
/** A column of an item of FROM, by position; `column` 'time' is its ROWTIME. */
export interface Ref {
  readonly kind: 'ref';
  readonly place: number;
  readonly column: number | 'time';
}
export type Scalar =
  | Ref
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'plus' | 'minus' | 'times'; readonly left: Scalar; readonly right: Scalar }
  | { readonly kind: 'coalesce'; readonly left: Scalar; readonly right: Scalar }
  | { readonly kind: 'case'; readonly when: Condition; readonly then: Scalar; readonly otherwise: Scalar };
export type Condition =
  | { readonly kind: 'compare'; readonly op: '=' | '<' | '>=' | '<>'; readonly left: Scalar; readonly right: Scalar }
  | { readonly kind: 'isNull' | 'isNotNull'; readonly of: Scalar }
  | { readonly kind: 'and' | 'or'; readonly left: Condition; readonly right: Condition };

export type JoinModel = {
  readonly type: 'JOIN' | 'LEFT JOIN' | 'RIGHT JOIN' | 'FULL JOIN';
  readonly left: Ref;
  readonly right: Ref;
} & (
  | { readonly kind: 'stream-stream'; readonly withinMs: number; readonly graceMs: number }
  | { readonly kind: 'stream-table' | 'table-table' | 'foreign-key' }
);

/** MAX(*) is the maximum of the first source's ROWTIME. */
export type AggregateFn = 'COUNT(*)' | 'MAX(*)' | 'COUNT' | 'SUM' | 'MIN' | 'MAX';
export interface AggregateModel {
  readonly fn: AggregateFn;
  readonly of: Scalar | undefined;
}
export type WindowModel =
  | { readonly type: 'TUMBLING'; readonly sizeMs: number; readonly graceMs: number }
  | {
      readonly type: 'HOPPING' | 'CUMULATE';
      readonly sizeMs: number;
      readonly advanceMs: number;
      readonly graceMs: number;
    }
  | { readonly type: 'SESSION' | 'SLIDING'; readonly sizeMs: number; readonly graceMs: number };

export type SelectModel =
  | { readonly kind: 'scalar'; readonly expr: Scalar }
  /** The key of a full join, which is no column of a source. */
  | { readonly kind: 'rowkey' }
  | { readonly kind: 'aggregate'; readonly aggregate: AggregateModel }
  | { readonly kind: 'bound'; readonly which: 'WINDOWSTART' | 'WINDOWEND' }
  /** The sum over the current row and the rows before it in its partition. */
  | { readonly kind: 'over'; readonly of: Scalar; readonly by: Ref; readonly preceding: number };

export interface QueryModel {
  readonly sources: readonly SourceModel[];
  readonly joins: readonly JoinModel[];
  readonly where: Condition | undefined;
  readonly groupBy: readonly Ref[] | undefined;
  readonly window: WindowModel | undefined;
  readonly having: { readonly aggregate: AggregateModel; readonly op: '>' | '<='; readonly value: number } | undefined;
  readonly partitionBy: Ref | undefined;
  readonly select: readonly SelectModel[];
  /** A second SELECT over the same source, combined by UNION ALL. */
  readonly union: { readonly where: Condition } | undefined;
}

export interface Naming {
  readonly source: (source: number) => string;
  readonly column: (source: number, column: number) => string;
  readonly alias: (place: number) => string;
  readonly output: (index: number) => string;
}

/** Whether the query's result is a table. */
export const givesTable = ({ groupBy, sources }: QueryModel): boolean =>
  groupBy !== undefined || sources[0]!.kind === 'TABLE';
export const topicOf = (source: number): string => `topic_${source}`;

const quoted = (name: string): string => `\`${name}\``;

/** The SQL of a query. Columns for which `bare` is true are not qualified. */
export function scriptOf(query: QueryModel, names: Naming, bare: (ref: Ref) => boolean): string {
  const ref = (each: Ref): string => {
    const name = each.column === 'time' ? 'ROWTIME' : quoted(names.column(each.place, each.column));
    return bare(each) ? name : `${quoted(names.alias(each.place))}.${name}`;
  };
  const ops = { plus: '+', minus: '-', times: '*' } as const;
  const scalar = (each: Scalar): string => {
    switch (each.kind) {
      case 'ref':
        return ref(each);
      case 'number':
        return String(each.value);
      case 'coalesce':
        return `COALESCE(${scalar(each.left)}, ${scalar(each.right)})`;
      case 'case':
        return `CASE WHEN ${condition(each.when)} THEN ${scalar(each.then)} ELSE ${scalar(each.otherwise)} END`;
      default:
        return `(${scalar(each.left)} ${ops[each.kind]} ${scalar(each.right)})`;
    }
  };
  const condition = (each: Condition): string => {
    switch (each.kind) {
      case 'compare':
        return `${scalar(each.left)} ${each.op} ${scalar(each.right)}`;
      case 'isNull':
        return `${scalar(each.of)} IS NULL`;
      case 'isNotNull':
        return `${scalar(each.of)} IS NOT NULL`;
      default:
        return `(${condition(each.left)} ${each.kind.toUpperCase()} ${condition(each.right)})`;
    }
  };
  const aggregate = ({ fn, of }: AggregateModel): string => (of === undefined ? fn : `${fn}(${scalar(of)})`);
  const item = (each: SelectModel): string => {
    switch (each.kind) {
      case 'scalar':
        return scalar(each.expr);
      case 'rowkey':
        return 'ROWKEY';
      case 'aggregate':
        return aggregate(each.aggregate);
      case 'bound':
        return each.which;
      case 'over':
        return `SUM(${scalar(each.of)}) OVER (PARTITION BY ${ref(each.by)} ORDER BY ROWTIME ROWS BETWEEN ${each.preceding} PRECEDING AND CURRENT ROW)`;
    }
  };
  /** An item of FROM, with its alias unless that is the source's name. */
  const placed = (place: number): string => {
    const [source, alias] = [names.source(place), names.alias(place)];
    return source === alias ? quoted(source) : `${quoted(source)} ${quoted(alias)}`;
  };
  const create = query.sources.map(({ kind, columns }, source) => {
    const list = columns.map((type, column) => {
      const key = column > 0 ? '' : kind === 'TABLE' ? ' PRIMARY KEY' : ' KEY';
      return `${quoted(names.column(source, column))} ${type}${key}`;
    });
    return `CREATE ${kind} ${quoted(names.source(source))} (${list.join(', ')}) WITH (kafka_topic='${topicOf(source)}', key_format='JSON', value_format='JSON', partitions=1);`;
  });
  const joins = query.joins.map((join, i) => {
    const within =
      join.kind === 'stream-stream'
        ? ` WITHIN ${join.withinMs} MILLISECONDS GRACE PERIOD ${join.graceMs} MILLISECONDS`
        : '';
    return ` ${join.type} ${placed(i + 1)}${within} ON ${ref(join.left)} = ${ref(join.right)}`;
  });
  const windowText = (window: WindowModel): string => {
    const size = window.type === 'SESSION' ? '' : 'SIZE ';
    const word = window.type === 'CUMULATE' ? 'STEP' : 'ADVANCE BY';
    const advance = 'advanceMs' in window ? `, ${word} ${window.advanceMs} MILLISECONDS` : '';
    return ` WINDOW ${window.type} (${size}${window.sizeMs} MILLISECONDS${advance}, GRACE PERIOD ${window.graceMs} MILLISECONDS)`;
  };
  const select = (where: Condition | undefined): string =>
    [
      `SELECT ${query.select.map((each, i) => `${item(each)} AS ${quoted(names.output(i))}`).join(', ')}`,
      ` FROM ${placed(0)}`,
      ...joins,
      query.window === undefined ? '' : windowText(query.window),
      where === undefined ? '' : ` WHERE ${condition(where)}`,
      query.groupBy === undefined ? '' : ` GROUP BY ${query.groupBy.map(ref).join(', ')}`,
      query.having === undefined
        ? ''
        : ` HAVING ${aggregate(query.having.aggregate)} ${query.having.op} ${query.having.value}`,
      query.partitionBy === undefined ? '' : ` PARTITION BY ${ref(query.partitionBy)}`,
    ].join('');
  const union = query.union === undefined ? '' : ` UNION ALL ${select(query.union.where)}`;
  const kind = givesTable(query) ? 'TABLE' : 'STREAM';
  return `${create.join('\n')}\nCREATE ${kind} RESULT_OF_ALL WITH (key_format='JSON') AS ${select(query.where)}${union} EMIT CHANGES;`;
}

/** A random query over at most `most` sources. */
export function randomQuery(random: Random, most: number): QueryModel {
  const chance = (share: number): boolean => random.next() < share;
  const upTo = (n: number): number => random.below(n + 1);
  const list = <T>(length: number, make: (i: number) => T): T[] => Array.from({ length }, (_, i) => make(i));

  const count = chance(0.3) ? 1 : 1 + upTo(most - 1);
  const base = chance(0.6) ? 'STREAM' : 'TABLE';
  const sources = list(count, (i): SourceModel => {
    const kind = i === 0 || base === 'TABLE' ? base : chance(0.5) ? 'STREAM' : 'TABLE';
    return { kind, columns: ['INT', 'INT', ...list(upTo(3), () => (chance(0.75) ? 'INT' : 'STRING'))] };
  });
  // In a right join the left key, and what equals it, stays the key of the result even when there is no left row, as in ksqlDB.
  let hidden: readonly Ref[] = [];
  const columnOf = (places: number, type: ColumnType, notKey = false): Ref => {
    const all = list(places, (place) => place).flatMap((place) =>
      sources[place]!.columns.flatMap((each, column) =>
        each === type &&
        !(notKey && column === 0) &&
        !hidden.some((ref) => ref.place === place && ref.column === column)
          ? [{ kind: 'ref', place, column } as const]
          : [],
      ),
    );
    return random.pick(all);
  };

  let key: Ref | 'rowkey' = { kind: 'ref', place: 0, column: 0 };
  const joins = sources.slice(1).map(({ kind }, i): JoinModel => {
    const place = i + 1;
    const isLast = place === count - 1;
    const types = (['JOIN', 'LEFT JOIN', 'RIGHT JOIN', 'FULL JOIN'] as const).slice(0, isLast ? 4 : 2);
    const own = (column: number): Ref => ({ kind: 'ref', place, column });
    if (base === 'STREAM' && kind === 'TABLE') {
      const left = columnOf(place, 'INT');
      key = left;
      return { kind: 'stream-table', type: random.pick(types.slice(0, 2)), left, right: own(0) };
    }
    if (base === 'STREAM') {
      const type = random.pick(types);
      const left = columnOf(place, 'INT');
      const right = chance(0.7) ? own(0) : own(1);
      key = type === 'FULL JOIN' ? 'rowkey' : type === 'RIGHT JOIN' ? right : left;
      return { kind: 'stream-stream', type, left, right, withinMs: 1 + upTo(6), graceMs: 100_000 };
    }
    if (chance(0.5)) {
      const type = random.pick(types);
      const left = key as Ref;
      const right = own(0);
      key = type === 'FULL JOIN' ? 'rowkey' : type === 'RIGHT JOIN' ? right : left;
      return { kind: 'table-table', type, left, right };
    }
    return {
      kind: 'foreign-key',
      type: random.pick(types.slice(0, 2)),
      left: columnOf(place, 'INT', true),
      right: own(0),
    };
  });

  if (joins.at(-1)?.type === 'RIGHT JOIN') hidden = equalTo(joins.at(-1)!.left, joins.slice(0, -1));

  const number = (depth: number): Scalar => {
    if (depth === 0 || chance(0.5)) return chance(0.8) ? columnOf(count, 'INT') : { kind: 'number', value: upTo(4) };
    if (chance(0.15))
      return { kind: 'case', when: condition(0), then: number(depth - 1), otherwise: number(depth - 1) };
    return {
      kind: random.pick(['plus', 'minus', 'times', 'coalesce'] as const),
      left: number(depth - 1),
      right: number(depth - 1),
    };
  };
  const condition = (depth: number): Condition => {
    if (depth > 0 && chance(0.4))
      return { kind: random.pick(['and', 'or'] as const), left: condition(depth - 1), right: condition(depth - 1) };
    if (chance(0.25)) return { kind: random.pick(['isNull', 'isNotNull'] as const), of: columnOf(count, 'INT') };
    return {
      kind: 'compare',
      op: random.pick(['=', '<', '>=', '<>'] as const),
      left: columnOf(count, 'INT'),
      right: chance(0.6) ? { kind: 'number', value: upTo(3) } : columnOf(count, 'INT'),
    };
  };
  const isStream = base === 'STREAM';
  const aggregate = (): AggregateModel => {
    const fn = random.pick<AggregateFn>(
      isStream ? ['COUNT(*)', 'MAX(*)', 'COUNT', 'SUM', 'MIN', 'MAX'] : ['COUNT(*)', 'COUNT', 'SUM'],
    );
    return { fn, of: fn.endsWith('(*)') ? undefined : number(1) };
  };

  const grouped = chance(0.35);
  const where = chance(0.5) ? condition(2) : undefined;
  const keyItem = (): SelectModel => (key === 'rowkey' ? { kind: 'rowkey' } : { kind: 'scalar', expr: key });
  const plain = { groupBy: undefined, window: undefined, having: undefined, partitionBy: undefined, union: undefined };
  if (grouped) {
    const first = columnOf(count, 'INT');
    const second = columnOf(count, 'INT');
    const same = first.place === second.place && first.column === second.column;
    const groupBy = chance(0.3) && !same ? [first, second] : [first];
    const window: WindowModel | undefined = !isStream || chance(0.4) ? undefined : randomWindow(random, count > 1);
    const aggregates = list(1 + upTo(2), aggregate);
    const bounds = (['WINDOWSTART', 'WINDOWEND'] as const).filter(() => window !== undefined && chance(0.3));
    return {
      ...plain,
      sources,
      joins,
      where,
      groupBy,
      window,
      having: chance(0.3)
        ? { aggregate: random.pick(aggregates), op: random.pick(['>', '<='] as const), value: upTo(4) }
        : undefined,
      select: [
        ...groupBy.map((expr): SelectModel => ({ kind: 'scalar', expr })),
        ...aggregates.map((each): SelectModel => ({ kind: 'aggregate', aggregate: each })),
        ...bounds.map((which): SelectModel => ({ kind: 'bound', which })),
      ],
    };
  }
  const partitionBy = isStream && count === 1 && chance(0.25) ? columnOf(count, 'INT', true) : undefined;
  if (partitionBy !== undefined) key = partitionBy;
  const values = list(1 + upTo(3), (): SelectModel => {
    if (isStream && count === 1 && partitionBy === undefined && chance(0.25))
      return { kind: 'over', of: columnOf(count, 'INT'), by: columnOf(count, 'INT'), preceding: upTo(3) };
    const isTime = chance(0.1);
    const strings = sources.some(({ columns }) => columns.includes('STRING'));
    const expr: Scalar = isTime
      ? { kind: 'ref', place: random.below(count), column: 'time' }
      : strings && chance(0.3)
        ? columnOf(count, 'STRING')
        : number(2);
    // A key column may be selected unchanged only once.
    if (expr.kind === 'ref')
      return {
        kind: 'scalar',
        expr: sameRef(expr, key) ? { kind: 'plus', left: expr, right: { kind: 'number', value: 0 } } : expr,
      };
    return { kind: 'scalar', expr };
  });
  const hasOver = values.some(({ kind }) => kind === 'over');
  const union =
    isStream && count === 1 && partitionBy === undefined && !hasOver && chance(0.2)
      ? { where: condition(1) }
      : undefined;
  return { ...plain, sources, joins, where, partitionBy, union, select: [keyItem(), ...values] };
}

/** A column and the columns that earlier joins make equal to it. */
function equalTo(ref: Ref, joins: readonly JoinModel[]): Ref[] {
  const found = [ref];
  const has = (each: Ref): boolean => found.some((other) => sameRef(each, other));
  for (const _ of joins) {
    for (const { left, right } of joins) {
      if (has(left) && !has(right)) found.push(right);
      else if (has(right) && !has(left)) found.push(left);
    }
  }
  return found;
}

const sameRef = (a: Ref, b: Ref | 'rowkey'): boolean => b !== 'rowkey' && a.place === b.place && a.column === b.column;

function randomWindow(random: Random, joined: boolean): WindowModel {
  // After a join the rows' order depends on the join, so no row may be late.
  const graceMs = joined ? 100_000 : random.below(6);
  const sizeMs = 2 + random.below(8);
  return random.pick<WindowModel>([
    { type: 'TUMBLING', sizeMs, graceMs },
    { type: 'HOPPING', sizeMs, advanceMs: 1 + random.below(sizeMs), graceMs },
    { type: 'SLIDING', sizeMs, graceMs },
    { type: 'CUMULATE', sizeMs: sizeMs * 2, advanceMs: sizeMs, graceMs },
    { type: 'SESSION', sizeMs, graceMs },
  ]);
}
