import { SqlError } from '../../diagnostics/sql-error.ts';
import { driftMeasure, comparesValues, driftMeasures } from '../../runtime/monitor/drift.ts';
import { metricFunctions, type MetricFunction } from '../../runtime/monitor/metrics.ts';
import type { MeasuredAs, MonitorMetric } from '../../specs/monitor.ts';
import type { CallNode, ExpressionNode } from '../../syntax/expressions.ts';
import { mapNodes } from '../../syntax/map-nodes.ts';
import { printExpression } from '../../syntax/print.ts';
import { typeText, type SqlType } from '../../types/sql-type.ts';
import { closest } from '../../util/closest.ts';

/** A column of the target. */
export interface TargetColumn {
  readonly name: string;
  readonly type: SqlType;
}
/** A column that metrics read, and what they read of it. */
export interface ReadColumn extends TargetColumn {
  as: MeasuredAs;
  keepsValues: boolean;
  isCompared: boolean;
}

const previous = 'PREVIOUS';
const numbers = new Set<SqlType['kind']>(['INTEGER', 'BIGINT', 'DOUBLE', 'DECIMAL', 'DATE', 'TIME', 'TIMESTAMP']);
const categories = new Set<SqlType['kind']>(['STRING', 'BOOLEAN']);

/** The metrics that the checks of a monitor ask for, each once, and the columns that they read. */
export class MetricList {
  readonly list: MonitorMetric[] = [];
  readonly columns: ReadColumn[] = [];
  readonly monitor: string;
  readonly #target: readonly TargetColumn[];
  readonly #hasBaseline: boolean;

  constructor(monitor: string, target: readonly TargetColumn[], hasBaseline: boolean) {
    this.monitor = monitor;
    this.#target = target;
    this.#hasBaseline = hasBaseline;
  }

  /** The expression with each metric as a column of that name. */
  replaced(node: ExpressionNode): ExpressionNode {
    return mapNodes(node, (part) => {
      const written = part as ExpressionNode;
      if (written.kind === 'column' && this.#target.some(({ name }) => name === written.name.text))
        this.#refuse(
          `${written.name.text} is a column, and a check looks at metrics of it, such as MEAN(${written.name.text})`,
          written,
        );
      if (written.kind !== 'call') return undefined;
      if (!isMetric(written)) {
        this.#refuseMeasure(written);
        return undefined;
      }
      const { text } = this.list[this.#placeOfCall(written)]!;
      const { span } = written;
      return { kind: 'column', qualifier: undefined, name: { text, span }, span };
    }) as ExpressionNode;
  }

  /** A measure of drift that is called as if it were a metric itself. */
  #refuseMeasure(call: CallNode): void {
    const { text: name } = call.name;
    if (driftMeasure(name) === undefined) return;
    const [column] = call.args;
    const of = column === undefined ? 'column' : printExpression(column);
    this.#refuse(`${name} is a measure of DRIFT, no metric`, call, `Write DRIFT(${of}, '${name}').`);
  }

  /** The place of the metric that an expression is, after `replaced`. */
  placeOf(node: ExpressionNode): number | undefined {
    const at = node.kind === 'column' ? this.list.findIndex(({ text }) => text === node.name.text) : -1;
    return at < 0 ? undefined : at;
  }

  #placeOfCall(call: CallNode): number {
    const text = printExpression(call);
    const known = this.list.findIndex((metric) => metric.text === text);
    if (known >= 0) return known;
    const metric = call.name.text === previous ? this.#previous(call, text) : this.#metric(call, text);
    return this.list.push(metric) - 1;
  }

  #previous(call: CallNode, text: string): MonitorMetric {
    const [of, windows] = call.args;
    if (call.args.length !== 2 || of?.kind !== 'call' || !isMetric(of) || of.name.text === previous)
      this.#refuse('PREVIOUS takes a metric and a number of windows: PREVIOUS(ROW_COUNT(), 12)', call);
    const count = windows?.kind === 'literal' && windows.literal === 'integer' ? Number(windows.value) : 0;
    if (count < 1 || count > 10_000) this.#refuse('PREVIOUS looks back over 1 to 10000 windows', windows ?? call);
    const metric = this.#placeOfCall(of);
    if (metricFunctions[this.list[metric]!.fn]!.type === 'BOOLEAN')
      this.#refuse(`PREVIOUS is a mean, and ${of.name.text} is true or false`, call);
    return { fn: previous, text, column: undefined, argument: undefined, previous: { metric, windows: count } };
  }

  #metric(call: CallNode, text: string): MonitorMetric {
    const fn = call.name.text;
    const described = metricFunctions[fn]!;
    const args = [...call.args];
    const takesColumn = described.column !== 'none';
    const wanted = (takesColumn ? 1 : 0) + (described.argument === undefined ? 0 : 1);
    if (args.length !== wanted) this.#refuse(`${fn} takes ${shapes[wanted]!(described)}`, call);
    const columnNode = takesColumn ? args.shift()! : undefined;
    const argument = this.#argument(described, args[0], fn);
    const column = this.#columnOf(described, columnNode, argument, call);
    if (fn === 'DRIFT' && !this.#hasBaseline) this.#refuse('DRIFT needs a BASELINE to compare with', call);
    return { fn, text, column, argument, previous: undefined };
  }

  #argument(described: MetricFunction, node: ExpressionNode | undefined, fn: string): string | number | undefined {
    if (described.argument === undefined || node === undefined) return undefined;
    if (described.argument === 'share') {
      const value = node.kind === 'literal' && node.literal !== 'string' ? Number(node.value) : NaN;
      if (!(value >= 0 && value <= 1)) this.#refuse(`${fn} takes a number from 0 to 1`, node);
      return value;
    }
    const measure = node.kind === 'literal' && node.literal === 'string' ? driftMeasure(node.value!) : undefined;
    if (measure === undefined)
      this.#refuse(
        `it knows no such measure`,
        node,
        `Measures are ${Object.keys(driftMeasures).join(', ')}; PSI, JS and KS for short.`,
      );
    return measure;
  }

  #columnOf(
    { column: wanted, usual, isTruth, keepsValues = false }: MetricFunction,
    node: ExpressionNode | undefined,
    argument: string | number | undefined,
    call: CallNode,
  ): number | undefined {
    if (node === undefined && usual === undefined) return undefined;
    if (node !== undefined && (node.kind !== 'column' || node.qualifier !== undefined))
      this.#refuse(`${call.name.text} takes a column`, node);
    const name = node === undefined ? usual! : node.name.text;
    const column = this.#target.find((each) => each.name === name);
    if (column === undefined) {
      if (node === undefined)
        this.#refuse(
          `${call.name.text} reads the column ${name}, which the target does not have`,
          call,
          `Select it from the invocation: SELECT …, p.${name.toLowerCase()} FROM … INVOKE MODEL … AS p.`,
        );
      const names = this.#target.map((each) => each.name);
      throw new SqlError('COLUMN_NOT_FOUND', node.span, {
        column: name,
        candidates: names,
        suggestion: closest(name, names),
      });
    }
    if (isTruth === true && column.type.kind !== 'BOOLEAN')
      this.#refuse(`${call.name.text} reads a BOOLEAN, and ${name} is ${typeText(column.type)}`, call);
    const as = isTruth === true ? 'category' : this.#measuredAs(column, wanted, keepsValues, call);
    const compares = wanted === 'compared' && typeof argument === 'string';
    const byValues = compares && comparesValues(driftMeasure(argument)!);
    if (byValues && as !== 'number')
      this.#refuse(`${argument} compares numbers, and ${name} is ${typeText(column.type)}`, call);
    let at = this.columns.findIndex((each) => each.name === name);
    if (at < 0) at = this.columns.push({ ...column, as, keepsValues: false, isCompared: false }) - 1;
    const read = this.columns[at]!;
    if (as !== 'presence') read.as = as;
    read.keepsValues ||= (keepsValues && as === 'number') || (byValues && argument !== 'DIFFERENCE_OF_MEANS');
    read.isCompared ||= compares;
    return at;
  }

  #measuredAs(
    { name, type }: TargetColumn,
    wanted: MetricFunction['column'],
    keepsValues: boolean,
    call: CallNode,
  ): MeasuredAs {
    const needsNumber = wanted === 'number' || (wanted === 'none' && keepsValues);
    if (wanted === 'any' || (wanted === 'none' && !keepsValues)) return 'presence';
    if (numbers.has(type.kind)) return 'number';
    if (!needsNumber && categories.has(type.kind)) return 'category';
    return this.#refuse(
      `${call.name.text} measures ${needsNumber ? 'numbers and times' : 'numbers, times, texts and truth values'}, and ${name} is ${typeText(type)}`,
      call,
    );
  }

  #refuse(why: string, { span }: ExpressionNode, hint?: string): never {
    throw new SqlError('MONITOR_INVALID', span, { name: this.monitor, why, hint });
  }
}

const isMetric = ({ name }: CallNode): boolean => name.text === previous || Object.hasOwn(metricFunctions, name.text);

/** What a metric takes, by the number of its arguments. */
const shapes: readonly ((described: MetricFunction) => string)[] = [
  () => 'no argument',
  ({ column }) => (column === 'none' ? 'a number from 0 to 1' : 'a column'),
  ({ argument }) =>
    argument === 'measure' ? "a column and a measure: DRIFT(amount, 'PSI')" : 'a column and a number from 0 to 1',
];
