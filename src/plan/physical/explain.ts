import { mapColumns, type Expr, type SlotColumn } from '../../expressions/node.ts';
import { printExpr } from '../../expressions/print.ts';
import type { SourceSpec } from '../../specs/source.ts';
import { typeText, type SqlType } from '../../types/sql-type.ts';
import { factsOf, type PhysicalPlan, type Step } from './step.ts';
import { stepsOf, subTopologies } from './topology.ts';

/**
 * The sub-topologies of a plan and the steps of each, with their state and columns. `details` adds a line for each further
 * property, with slots for the columns of inputs. Names that no user can write begin with a zero, which is left out.
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
    .join('\n')
    .replaceAll('\0', '');
}

function stepText(step: Step): string {
  const columns = step.columns.map(({ name }) => name).join(', ');
  return 'where' in step && step.where !== undefined ? `${columns} where ${printExpr(step.where)}` : columns;
}

const columnsText = ({ columns }: Step): string =>
  columns.map(({ name, type, role }) => `${name} ${typeText(type)}${role === 'key' ? ' KEY' : ''}`).join(', ');

/** The state that a step keeps, with the names of its stores when there are several. */
function stateText(step: Step): string {
  const { state } = factsOf(step);
  if (state === 'none') return '';
  const named = state.parts.filter((part) => part !== '');
  return `, ${state.kind} state${named.length > 1 ? ` ${named.join(' and ')}` : ''}`;
}

/** The properties of a step other than its id, columns and inputs. */
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
