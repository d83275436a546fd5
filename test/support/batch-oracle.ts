import type { EventModel } from './random-events.ts';
import type { AggregateModel, Condition, JoinModel, QueryModel, Ref, Scalar, SelectModel } from './random-queries.ts';

/**
 * The result of a query, computed from SQL's meaning over lists (record by record where the order matters), without any code of
 * the engine. For a query over tables, the result over the last rows of its sources.
 */
export type Cell = number | string | null;
/** A record of a source: its key, then its values. */
interface Item {
  readonly cells: readonly Cell[];
  readonly time: number;
}
/** A row of FROM: one item per source, undefined where an outer join has padded it. */
interface Joined {
  readonly items: readonly (Item | undefined)[];
  /** Its event time, and the number of events before it was emitted. */
  readonly time: number;
  readonly at: number;
}
interface Bounds {
  readonly start: number;
  readonly end: number;
}

/** The rows of the result; cells are in the order of SELECT. */
export function resultByOracle(query: QueryModel, events: readonly EventModel[]): Cell[][] {
  const isStream = query.sources[0]!.kind === 'STREAM';
  const from = isStream ? streamRows(query, events) : tableRows(query, events);
  const rows = [
    ...from.filter((row) => query.where === undefined || holds(query.where, row)),
    ...from.filter((row) => query.union !== undefined && holds(query.union.where, row)),
  ];
  if (query.groupBy !== undefined) return grouped(query, rows);
  const history: Joined[] = [];
  return rows.map((row) => {
    history.push(row);
    return query.select.map((expr) => selected(expr, row, query, history));
  });
}

/** The joined rows of the tables' last values. */
function tableRows({ sources, joins }: QueryModel, events: readonly EventModel[]): Joined[] {
  const tables = sources.map((_, source) => tableAt(source, events, events.length));
  const rowOf = (items: readonly (Item | undefined)[]): Joined => ({
    items,
    time: Math.max(...items.map((item) => item?.time ?? 0)),
    at: 0,
  });
  let rows = [...tables[0]!.values()].map((item) => rowOf([item]));
  joins.forEach((join, i) => {
    const rights = [...tables[i + 1]!.values()];
    rows = joinAll(
      join,
      i + 1,
      rows,
      rights.map((item) => rowOf([item])),
    ).map(({ left, right }) => rowOf([...(left?.items ?? blank(i + 1)), right?.items[0]]));
  });
  return rows;
}

/** The joined rows of streams in order of arrival; tables are as they were at the time. */
function streamRows({ sources, joins }: QueryModel, events: readonly EventModel[]): Joined[] {
  const ofSource = (source: number): Joined[] =>
    events.flatMap((event, at) => (event.source === source ? [{ items: [itemOf(event)], time: event.time, at }] : []));
  let rows = ofSource(0);
  joins.forEach((join, i) => {
    const place = i + 1;
    if (sources[place]!.kind === 'TABLE') {
      rows = rows.flatMap((left): Joined[] => {
        const key = scalar(join.left, left);
        const match = key === null ? undefined : tableAt(place, events, left.at).get(key as number);
        return match === undefined && join.type === 'JOIN' ? [] : [{ ...left, items: [...left.items, match] }];
      });
      return;
    }
    rows = joinAll(join, place, rows, ofSource(place)).map(({ left, right, key }) => ({
      items: [...(left?.items ?? blank(place)), right?.items[0]],
      time: Math.max(left?.time ?? 0, right?.time ?? 0),
      // An unmatched row is emitted when its window closes, which the last event brings about; one without a key at once.
      at:
        key !== null && (left === undefined || right === undefined)
          ? events.length
          : Math.max(left?.at ?? 0, right?.at ?? 0),
    }));
  });
  return rows
    .map((row, i) => ({ row, i }))
    .sort((a, b) => a.row.at - b.row.at || a.i - b.i)
    .map(({ row }) => row);
}

const itemOf = ({ key, values, time }: EventModel): Item => ({ cells: [key, ...values!], time });
const blank = (places: number): undefined[] => Array.from({ length: places }, () => undefined);

/** A table's rows by key after the first `count` events. */
function tableAt(source: number, events: readonly EventModel[], count: number): Map<number, Item> {
  const rows = new Map<number, Item>();
  for (const event of events.slice(0, count)) {
    if (event.source !== source) continue;
    if (event.values === undefined) rows.delete(event.key);
    else rows.set(event.key, itemOf(event));
  }
  return rows;
}

function joinAll(
  join: JoinModel,
  place: number,
  lefts: readonly Joined[],
  rights: readonly Joined[],
): { readonly left: Joined | undefined; readonly right: Joined | undefined; readonly key: Cell }[] {
  const rightKey = (right: Joined): Cell => scalar(join.right, { ...right, items: [...blank(place), ...right.items] });
  const meets = (left: Joined, right: Joined): boolean => {
    const key = scalar(join.left, left);
    if (key === null || key !== rightKey(right)) return false;
    return join.kind !== 'stream-stream' || Math.abs(left.time - right.time) <= join.withinMs;
  };
  const keepsLeft = join.type === 'LEFT JOIN' || join.type === 'FULL JOIN';
  const keepsRight = join.type === 'RIGHT JOIN' || join.type === 'FULL JOIN';
  // A stream's last event only advances stream time: its own row is never emitted.
  const ends = (row: Joined, key: Cell): boolean =>
    join.kind !== 'stream-stream' || row.time < lastFrom || key === null;
  const keyed = lefts.map((left) => ({ left, right: undefined, key: scalar(join.left, left) }));
  const keyedRights = rights.map((right) => ({ left: undefined, right, key: rightKey(right) }));
  return [
    ...keyed.flatMap(({ left, key }) =>
      rights.filter((right) => meets(left, right)).map((right) => ({ left, right, key })),
    ),
    ...(keepsLeft
      ? keyed.filter(({ left, key }) => !rights.some((right) => meets(left, right)) && ends(left, key))
      : []),
    ...(keepsRight
      ? keyedRights.filter(({ right, key }) => !lefts.some((left) => meets(left, right)) && ends(right, key))
      : []),
  ];
}
/** From this time on, events only advance stream time and close windows. */
export const lastFrom = 500_000;

function scalar(expr: Scalar, row: Joined): Cell {
  switch (expr.kind) {
    case 'ref': {
      const item = row.items[expr.place];
      return item === undefined ? null : expr.column === 'time' ? item.time : item.cells[expr.column]!;
    }
    case 'number':
      return expr.value;
    case 'coalesce':
      return scalar(expr.left, row) ?? scalar(expr.right, row);
    case 'case':
      return scalar(holds(expr.when, row) ? expr.then : expr.otherwise, row);
    default: {
      const [left, right] = [scalar(expr.left, row), scalar(expr.right, row)] as [number | null, number | null];
      if (left === null || right === null) return null;
      return expr.kind === 'plus' ? left + right : expr.kind === 'minus' ? left - right : left * right;
    }
  }
}

function holds(condition: Condition, row: Joined): boolean {
  switch (condition.kind) {
    case 'and':
      return holds(condition.left, row) && holds(condition.right, row);
    case 'or':
      return holds(condition.left, row) || holds(condition.right, row);
    case 'isNull':
      return scalar(condition.of, row) === null;
    case 'isNotNull':
      return scalar(condition.of, row) !== null;
    case 'compare':
      return compares(condition.op, scalar(condition.left, row), scalar(condition.right, row));
  }
}
function compares(op: '=' | '<' | '>=' | '<>' | '>' | '<=', left: Cell, right: Cell): boolean {
  if (left === null || right === null) return false;
  if (op === '=') return left === right;
  if (op === '<>') return left !== right;
  if (op === '<') return left < right;
  if (op === '>') return left > right;
  return op === '<=' ? left <= right : left >= right;
}

function selected(item: SelectModel, row: Joined, { joins }: QueryModel, history: readonly Joined[]): Cell {
  if (item.kind === 'scalar') return scalar(item.expr, row);
  if (item.kind === 'rowkey') {
    const { left, right } = joins.at(-1)!;
    return scalar(left, row) ?? scalar(right, row);
  }
  if (item.kind !== 'over') throw new TypeError(`${item.kind} without GROUP BY`);
  const by = scalar(item.by, row);
  if (by === null) return null;
  const partition = history.filter((earlier) => scalar(item.by, earlier) === by);
  const frame = partition.slice(-1 - item.preceding);
  // With OVER the sum of no value is null, in GROUP BY it is 0.
  return aggregate({ fn: 'COUNT', of: item.of }, frame) === 0 ? null : aggregate({ fn: 'SUM', of: item.of }, frame);
}

function aggregate({ fn, of }: AggregateModel, rows: readonly Joined[]): Cell {
  if (fn === 'COUNT(*)') return rows.length;
  const time: Ref = { kind: 'ref', place: 0, column: 'time' };
  const values = rows.map((row) => scalar(of ?? time, row)).filter((value) => value !== null) as number[];
  if (fn === 'COUNT') return values.length;
  if (fn === 'SUM') return values.reduce((sum, value) => sum + value, 0);
  if (values.length === 0) return null;
  return fn === 'MIN' ? Math.min(...values) : Math.max(...values);
}

function grouped(query: QueryModel, rows: readonly Joined[]): Cell[][] {
  const groups = windowsOf(query, rows);
  return groups
    .filter(({ rows: each }) => {
      const { having } = query;
      return having === undefined || compares(having.op, aggregate(having.aggregate, each), having.value);
    })
    .map(({ rows: each, bounds }) =>
      query.select.map((item): Cell => {
        if (item.kind === 'aggregate') return aggregate(item.aggregate, each);
        if (item.kind === 'bound') return item.which === 'WINDOWSTART' ? bounds!.start : bounds!.end;
        return selected(item, each[0]!, query, []);
      }),
    );
}

interface Group {
  readonly rows: Joined[];
  readonly bounds: Bounds | undefined;
}

/** The rows of each group and window. */
function windowsOf({ groupBy, window }: QueryModel, rows: readonly Joined[]): Group[] {
  const keyed = rows
    .map((row) => ({ row, key: groupBy!.map((ref) => scalar(ref, row)) }))
    .filter(({ key }) => !key.includes(null));
  const groups = new Map<string, Group>();
  const add = (key: readonly Cell[], bounds: Bounds | undefined, row: Joined): void => {
    const name = JSON.stringify([key, bounds]);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, { rows: [row], bounds });
    else group.rows.push(row);
  };
  if (window?.type === 'SESSION') return sessions(keyed, window.sizeMs, window.graceMs);
  if (window?.type === 'SLIDING') return sliding(keyed, window.sizeMs, window.graceMs);
  let streamTime = -Infinity;
  for (const { row, key } of keyed) {
    if (window === undefined) {
      add(key, undefined, row);
      continue;
    }
    streamTime = Math.max(streamTime, row.time);
    if (window.type === 'CUMULATE') {
      const start = Math.floor(row.time / window.sizeMs) * window.sizeMs;
      for (let end = start + window.advanceMs; end <= start + window.sizeMs; end += window.advanceMs)
        if (row.time < end && end > streamTime - window.graceMs) add(key, { start, end }, row);
      continue;
    }
    const advance = window.type === 'HOPPING' ? window.advanceMs : window.sizeMs;
    for (let start = 0; start <= row.time; start += advance) {
      const end = start + window.sizeMs;
      if (row.time < end && end > streamTime - window.graceMs) add(key, { start, end }, row);
    }
  }
  return [...groups.values()];
}

/** A window that ends at each row, and one behind each that another follows, of rows that came while it was open. */
function sliding(
  rows: readonly { readonly row: Joined; readonly key: readonly Cell[] }[],
  size: number,
  grace: number,
): Group[] {
  const groups = new Map<string, { name: string; bounds: Bounds; rows: Joined[] }>();
  const came: { readonly name: string; readonly row: Joined }[] = [];
  let streamTime = -Infinity;
  for (const { row, key } of rows) {
    streamTime = Math.max(streamTime, row.time);
    const name = JSON.stringify(key);
    const isOpen = (end: number): boolean => end >= streamTime - grace;
    for (const { name: of, bounds, rows: held } of groups.values())
      if (of === name && bounds.start <= row.time && row.time <= bounds.end && isOpen(bounds.end)) held.push(row);
    if (!isOpen(row.time + 1 + size)) continue;
    came.push({ name, row });
    const own = came.filter((each) => each.name === name).map((each) => each.row);
    const behind = own.filter(({ time }) => own.some((each) => each.time > time && each.time <= time + 1 + size));
    for (const start of [Math.max(0, row.time - size), ...behind.map(({ time }) => time + 1)]) {
      const bounds = { start, end: start + size };
      const id = JSON.stringify([key, bounds]);
      if (!isOpen(bounds.end) || groups.has(id)) continue;
      groups.set(id, { name, bounds, rows: own.filter(({ time }) => time >= start && time <= bounds.end) });
    }
  }
  return [...groups.values()];
}

function sessions(
  rows: readonly { readonly row: Joined; readonly key: readonly Cell[] }[],
  gap: number,
  grace: number,
): Group[] {
  let found: { name: string; start: number; end: number; rows: Joined[] }[] = [];
  let streamTime = -Infinity;
  for (const { row, key } of rows) {
    streamTime = Math.max(streamTime, row.time);
    const over = streamTime - gap - grace;
    const name = JSON.stringify(key);
    const near = found.filter(
      (session) =>
        session.name === name &&
        session.end >= over &&
        row.time >= session.start - gap &&
        row.time <= session.end + gap,
    );
    const start = Math.min(row.time, ...near.map((session) => session.start));
    const end = Math.max(row.time, ...near.map((session) => session.end));
    if (end < over) continue;
    found = found.filter((session) => !near.includes(session));
    found.push({ name, start, end, rows: [...near.flatMap((session) => session.rows), row] });
  }
  return found.map(({ start, end, rows: each }) => ({ rows: each, bounds: { start, end } }));
}
