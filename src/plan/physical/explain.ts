import { mapColumns, type Expr, type SlotColumn } from '../../expressions/node.ts';
import { printExpr } from '../../expressions/print.ts';
import type { SourceSpec } from '../../specs/source.ts';
import { typeText, type SqlType } from '../../types/sql-type.ts';
import { factsOf, type PhysicalPlan, type Step } from './step.ts';
import { stepsOf, subTopologies } from './topology.ts';

/**
 * The parts that run as tasks, and the steps of each: what it keeps, its columns, and with `details` all else that it holds, a line
 * each, columns of its inputs with their slots.
 */
export function explainSteps(plan: PhysicalPlan, details = false): string {
  return subTopologies(plan)
    .map((part) => {
      const lines = stepsOf(part).flatMap((step) => [
        `    ${step.id} (${step.op}${stateText(step)}): ${details ? columnsText(step) : stepText(step)}`,
        ...(details ? detailsOf(step).map((line) => `      ${line}`) : []),
      ]);
      const end =
        part.output === undefined
          ? plan.sink === undefined
            ? 'to the client'
            : `sink topic=${plan.sink.topic} partitions=${plan.sink.partitions}`
          : `to ${part.output.id}`;
      return [`  Sub-topology ${part.index}`, ...lines, `    ${end}`].join('\n');
    })
    .join('\n');
}

function stepText(step: Step): string {
  const columns = step.columns.map(({ name }) => name).join(', ');
  return 'where' in step && step.where !== undefined ? `${columns} where ${printExpr(step.where)}` : columns;
}

const columnsText = ({ columns }: Step): string =>
  columns.map(({ name, type, role }) => `${name} ${typeText(type)}${role === 'key' ? ' KEY' : ''}`).join(', ');

/** What a step keeps, and in which stores where it has several. */
function stateText(step: Step): string {
  const { state } = factsOf(step);
  if (state === 'none') return '';
  return `, ${state.kind} state${state.parts.length > 1 ? ` ${state.parts.join(' and ')}` : ''}`;
}

/** What a step holds beside its name, its columns and the steps below. */
function detailsOf(step: Step): string[] {
  const told = new Set<string>(['op', 'id', 'columns', ...factsOf(step).inputs]);
  return Object.entries(step)
    .filter(([name, value]) => !told.has(name) && value !== undefined)
    .map(([name, value]) => `${name}: ${name === 'source' ? sourceText(value as SourceSpec) : text(value)}`);
}

const sourceText = ({ kind, name, topic, keyFormat, valueFormat }: SourceSpec): string =>
  `${kind} ${name} topic=${topic} key=${keyFormat.format} value=${valueFormat.format}`;
const withSlots = (expr: Expr): Expr =>
  mapColumns(expr, (column: SlotColumn) => ({ ...column, name: `${column.name}#${column.slot}` }));

function text(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(text).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  const { kind, type } = value as { kind?: unknown; type?: unknown };
  if (typeof kind === 'string' && /^[A-Z]+$/.test(kind) && type === undefined) return typeText(value as SqlType);
  if (typeof kind === 'string' && typeof type === 'object') return printExpr(withSlots(value as Expr));
  const entries = Object.entries(value).filter(([, each]) => each !== undefined);
  return `{${entries.map(([name, each]) => `${name}: ${text(each)}`).join(', ')}}`;
}
