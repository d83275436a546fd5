import { expressionOf } from '../build-expression.ts';
import { queryOf, windowOf } from '../build-query.ts';
import { propertiesOf, stringText, versionText, type Cst } from '../cst.ts';
import type { ExpressionNode, Name } from '../expressions.ts';
import {
  printExpression,
  printName,
  printProperties,
  printQuery,
  printString,
  versionClause,
  printWindow,
} from '../print.ts';
import type { PropertyNode, QueryNode, WindowNode } from '../query.ts';
import type { StatementBase, StatementShape } from './shape.ts';

/** What a monitor watches. */
export interface MonitorTarget extends StatementBase {
  readonly kind: 'STREAM' | 'TABLE' | 'FEATURE VIEW' | 'MODEL' | 'QUERY';
  readonly name: Name;
  readonly version: string | undefined;
}
/** What its windows are compared with. */
export type MonitorBaseline = StatementBase &
  (
    | { readonly kind: 'TRAINING SET'; readonly name: Name }
    | { readonly kind: 'STREAM'; readonly name: Name; readonly from: string; readonly to: string }
    | { readonly kind: 'MODEL'; readonly name: Name; readonly version: string | undefined }
    | { readonly kind: 'PREVIOUS'; readonly windows: number }
    | { readonly kind: 'QUERY'; readonly query: QueryNode }
  );
/** What must hold in each window. */
export interface MonitorCheckNode extends StatementBase {
  readonly name: Name | undefined;
  readonly condition: ExpressionNode;
  readonly severity: string | undefined;
  readonly windows: number | undefined;
}
export interface CreateMonitor extends StatementBase {
  readonly kind: 'createMonitor';
  readonly orReplace: boolean;
  readonly ifNotExists: boolean;
  readonly name: Name;
  readonly target: MonitorTarget;
  readonly window: WindowNode | undefined;
  readonly segments: readonly Name[];
  readonly baseline: MonitorBaseline | undefined;
  readonly comment: string | undefined;
  readonly properties: readonly PropertyNode[];
  readonly checks: readonly MonitorCheckNode[];
}
export interface DropMonitor extends StatementBase {
  readonly kind: 'dropMonitor';
  readonly ifExists: boolean;
  readonly name: Name;
}

function targetOf(cst: Cst): MonitorTarget {
  const kind = cst.has('FEATURE')
    ? 'FEATURE VIEW'
    : (['STREAM', 'TABLE', 'MODEL', 'QUERY'] as const).find((word) => cst.has(word))!;
  return { kind, name: cst.name(), version: versionOf(cst), span: cst.span };
}
const versionOf = (cst: Cst): string | undefined => {
  const version = cst.maybe('version');
  return version && versionText(version);
};

function baselineOf(cst: Cst): MonitorBaseline {
  const { span } = cst;
  const query = cst.maybe('query');
  if (query !== undefined) return { kind: 'QUERY', query: queryOf(query), span };
  if (cst.has('PREVIOUS'))
    return { kind: 'PREVIOUS', windows: Number(cst.tokens('IntegerLiteral')[0]?.image ?? 1), span };
  if (cst.has('TRAINING')) return { kind: 'TRAINING SET', name: cst.name(), span };
  if (cst.has('MODEL')) return { kind: 'MODEL', name: cst.name(), version: versionOf(cst), span };
  const [from, to] = cst.tokens('StringLiteral').map(({ image }) => stringText(image));
  return { kind: 'STREAM', name: cst.name(), from: from!, to: to!, span };
}

function checkOf(cst: Cst): MonitorCheckNode {
  const severity = cst.tokens('StringLiteral')[0];
  const windows = cst.tokens('IntegerLiteral')[0];
  return {
    name: cst.has('name') ? cst.name() : undefined,
    condition: expressionOf(cst.one('expression')),
    severity: severity && stringText(severity.image),
    windows: windows && Number(windows.image),
    span: cst.span,
  };
}

function printBaseline(baseline: MonitorBaseline): string {
  switch (baseline.kind) {
    case 'QUERY':
      return `(${printQuery(baseline.query)})`;
    case 'PREVIOUS':
      return `PREVIOUS ${baseline.windows} WINDOWS`;
    case 'STREAM':
      return `STREAM ${printName(baseline.name.text)} FROM ${printString(baseline.from)} TO ${printString(baseline.to)}`;
    case 'MODEL':
      return `MODEL ${printName(baseline.name.text)}${versionClause(baseline.version)}`;
    case 'TRAINING SET':
      return `TRAINING SET ${printName(baseline.name.text)}`;
  }
}

const printCheck = ({ name, condition, severity, windows }: MonitorCheckNode): string =>
  [
    name && `CONSTRAINT ${printName(name.text)} `,
    `CHECK (${printExpression(condition)})`,
    severity && ` SEVERITY ${printString(severity)}`,
    windows && ` FOR ${windows} WINDOWS`,
  ].join('');

export const createMonitor: StatementShape<CreateMonitor> = {
  rule: 'createMonitor',
  build: (cst) => {
    const [name, ...segments] = cst.all('name').map((each) => each.asName());
    const window = cst.maybe('window');
    const baseline = cst.maybe('monitorBaseline');
    const comment = cst.tokens('StringLiteral')[0];
    return {
      kind: 'createMonitor',
      orReplace: cst.has('orReplace'),
      ifNotExists: cst.has('ifNotExists'),
      name: name!,
      target: targetOf(cst.one('monitorTarget')),
      window: window && windowOf(window),
      segments,
      baseline: baseline && baselineOf(baseline),
      comment: comment && stringText(comment.image),
      properties: propertiesOf(cst.maybe('properties')),
      checks: cst.all('monitorCheck').map(checkOf),
      span: cst.span,
    };
  },
  print: (s) =>
    [
      `CREATE ${s.orReplace ? 'OR REPLACE ' : ''}MONITOR ${s.ifNotExists ? 'IF NOT EXISTS ' : ''}${printName(s.name.text)}`,
      ` ON ${s.target.kind} ${printName(s.target.name.text)}${versionClause(s.target.version)}`,
      s.window && printWindow(s.window),
      s.segments.length === 0 ? '' : ` SEGMENT BY ${s.segments.map(({ text }) => printName(text)).join(', ')}`,
      s.baseline && ` BASELINE ${printBaseline(s.baseline)}`,
      s.comment === undefined ? '' : ` COMMENT ${printString(s.comment)}`,
      printProperties(s.properties),
      ` (${s.checks.map(printCheck).join(', ')});`,
    ].join(''),
};
export const dropMonitor: StatementShape<DropMonitor> = {
  rule: 'dropMonitor',
  build: (cst) => ({ kind: 'dropMonitor', ifExists: cst.has('ifExists'), name: cst.name(), span: cst.span }),
  print: (s) => `DROP MONITOR ${s.ifExists ? 'IF EXISTS ' : ''}${printName(s.name.text)};`,
};
