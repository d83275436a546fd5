import { durationOf, propertiesOf, resourceText, type Cst } from '../cst.ts';
import { expressionOf } from '../build-expression.ts';
import type { Duration, ExpressionNode, Name } from '../expressions.ts';
import { printExpression, printName, printProperties, printString } from '../print.ts';
import type { PropertyNode } from '../query.ts';
import { elementsOf, printElements, type ColumnElement } from './create-source.ts';
import type { StatementBase, StatementShape } from './shape.ts';

export interface AssertTopic extends StatementBase {
  readonly kind: 'assertTopic';
  readonly exists: boolean;
  readonly topic: string;
  readonly properties: readonly PropertyNode[];
  readonly timeout: Duration | undefined;
}
export interface AssertSchema extends StatementBase {
  readonly kind: 'assertSchema';
  readonly exists: boolean;
  readonly subject: string | undefined;
  readonly id: string | undefined;
  readonly timeout: Duration | undefined;
}
/** For `millrace test`: expects the next record of a source; without values, a tombstone. */
export interface AssertValues extends StatementBase {
  readonly kind: 'assertValues';
  readonly tombstone: boolean;
  readonly source: Name;
  readonly columns: readonly Name[];
  readonly values: readonly ExpressionNode[];
}
/** For `millrace test`: expects the declaration of a source. */
export interface AssertSource extends StatementBase {
  readonly kind: 'assertSource';
  readonly sourceKind: 'STREAM' | 'TABLE';
  readonly source: Name;
  readonly elements: readonly ColumnElement[];
  readonly properties: readonly PropertyNode[];
}

const timeoutOf = (cst: Cst): Duration | undefined => {
  const timeout = cst.maybe('timeout');
  return timeout && durationOf(timeout.one('duration'));
};
const not = (exists: boolean): string => (exists ? '' : 'NOT EXISTS ');
const printTimeout = (timeout: Duration | undefined): string =>
  timeout === undefined ? '' : ` TIMEOUT ${timeout.text}`;

export const assertTopic: StatementShape<AssertTopic> = {
  rule: 'assertTopic',
  build: (cst) => ({
    kind: 'assertTopic',
    exists: !cst.has('notExists'),
    topic: resourceText(cst.one('resource')),
    properties: propertiesOf(cst.maybe('properties')),
    timeout: timeoutOf(cst),
    span: cst.span,
  }),
  print: (s) =>
    `ASSERT ${not(s.exists)}TOPIC ${printString(s.topic)}${printProperties(s.properties)}${printTimeout(s.timeout)};`,
};
export const assertSchema: StatementShape<AssertSchema> = {
  rule: 'assertSchema',
  build: (cst) => {
    const subject = cst.maybe('resource');
    return {
      kind: 'assertSchema',
      exists: !cst.has('notExists'),
      subject: subject && resourceText(subject),
      id: cst.maybe('literal')?.ownTokens()[0]?.image,
      timeout: timeoutOf(cst),
      span: cst.span,
    };
  },
  print: (s) =>
    `ASSERT ${not(s.exists)}SCHEMA${s.subject === undefined ? '' : ` SUBJECT ${printString(s.subject)}`}${s.id === undefined ? '' : ` ID ${s.id}`}${printTimeout(s.timeout)};`,
};
export const assertValues: StatementShape<AssertValues> = {
  rule: 'assertValues',
  build: (cst) => {
    const [source, ...columns] = cst.all('name').map((node) => node.asName()) as [Name, ...Name[]];
    return {
      kind: 'assertValues',
      tombstone: cst.has('NULL'),
      source,
      columns,
      values: cst.all('expression').map(expressionOf),
      span: cst.span,
    };
  },
  print: (s) =>
    `ASSERT ${s.tombstone ? 'NULL ' : ''}VALUES ${printName(s.source.text)}${s.columns.length === 0 ? '' : ` (${s.columns.map(({ text }) => printName(text)).join(', ')})`} ${s.tombstone ? 'KEY' : 'VALUES'} (${s.values.map((value) => printExpression(value)).join(', ')});`,
};
export const assertSource: StatementShape<AssertSource> = {
  rule: 'assertSource',
  build: (cst) => ({
    kind: 'assertSource',
    sourceKind: cst.has('STREAM') ? 'STREAM' : 'TABLE',
    source: cst.name(),
    elements: elementsOf(cst.maybe('elements')),
    properties: propertiesOf(cst.maybe('properties')),
    span: cst.span,
  }),
  print: (s) =>
    `ASSERT ${s.sourceKind} ${printName(s.source.text)}${printElements(s.elements)}${printProperties(s.properties)};`,
};
