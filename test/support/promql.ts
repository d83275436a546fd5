import { parser } from '@prometheus-io/lezer-promql';
import type { Series } from './told-metrics.ts';

/** Labels that Prometheus adds to what it reads, and the one that says where it could read. */
const added = { instance: 'host:8088', job: 'millrace' };
const ofPrometheus: Series = { name: 'up', labels: added };

type SyntaxNode = ReturnType<typeof parser.parse>['topNode'];

function nodesOf(root: SyntaxNode, name: string): SyntaxNode[] {
  const found: SyntaxNode[] = [];
  root.cursor().iterate((each) => {
    if (each.name === name) found.push(each.node);
  });
  return found;
}

const operators: Readonly<Record<string, (has: string, wanted: string) => boolean>> = {
  EqlSingle: (has, wanted) => has === wanted,
  Neq: (has, wanted) => has !== wanted,
  EqlRegex: (has, wanted) => new RegExp(`^(?:${wanted})$`).test(has),
  NeqRegex: (has, wanted) => !new RegExp(`^(?:${wanted})$`).test(has),
};

/** What of a PromQL query does not fit the series of a node: mistakes of syntax, metrics, labels and values that are not there. */
export function mistakes(query: string, told: readonly Series[]): readonly string[] {
  const tree = parser.parse(query).topNode;
  const textOf = ({ from, to }: SyntaxNode): string => query.slice(from, to);
  const wrong = nodesOf(tree, '⚠').map(({ from }) => `syntax at ${from}: ${query}`);
  const all: readonly Series[] = [
    ofPrometheus,
    ...told.map(({ name, labels }) => ({ name, labels: { ...labels, ...added } })),
  ];
  const used = new Set<string>();
  for (const selector of nodesOf(tree, 'VectorSelector')) {
    const name = textOf(nodesOf(selector, 'Identifier')[0]!);
    let left = all.filter((series) => series.name === name);
    if (left.length === 0) wrong.push(`no metric ${name}`);
    for (const { labels } of left) for (const label of Object.keys(labels)) used.add(label);
    for (const matcher of nodesOf(selector, 'UnquotedLabelMatcher')) {
      const label = textOf(nodesOf(matcher, 'LabelName')[0]!);
      const value = JSON.parse(textOf(nodesOf(matcher, 'StringLiteral')[0]!)) as string;
      const [operator] = Object.keys(operators).filter((each) => nodesOf(matcher, each).length > 0);
      if (left.length > 0 && !left.some(({ labels }) => Object.hasOwn(labels, label)))
        wrong.push(`${name} has no label ${label}`);
      left = left.filter(({ labels }) => operators[operator!]!(labels[label] ?? '', value));
    }
    if (left.length === 0) wrong.push(`no series for ${textOf(selector)}`);
  }
  for (const labels of nodesOf(tree, 'GroupingLabels'))
    for (const label of nodesOf(labels, 'LabelName'))
      if (!used.has(textOf(label))) wrong.push(`no label ${textOf(label)} in ${query}`);
  return wrong;
}
