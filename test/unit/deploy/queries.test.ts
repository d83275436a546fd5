import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { dashboards, deploy, sent } from '../../support/dashboards.ts';
import { mistakes } from '../../support/promql.ts';
import { seriesOf, TellingNode, type Series } from '../../support/told-metrics.ts';

const { groups } = parse(readFileSync(join(deploy, 'prometheus/rules.yml'), 'utf8')) as {
  groups: { rules: { alert: string; expr: string; annotations: Record<string, string> }[] }[];
};

let node: TellingNode;
let told: readonly Series[];
beforeAll(async () => {
  node = await TellingNode.start();
  told = seriesOf(await node.metrics());
}, 60_000);
afterAll(() => node.close());

test.each(dashboards)('what the panels of %s ask is in /metrics', (_, { panels, templating }) => {
  for (const { title, targets = [] } of panels)
    for (const { expr, legendFormat } of targets) {
      expect(mistakes(sent(expr), told), title).toEqual([]);
      for (const [, label] of legendFormat.matchAll(/\{\{(\w+)\}\}/g)) expect(expr, title).toContain(label);
    }
  for (const { name, definition } of templating.list) {
    if (definition === undefined) continue;
    const [, metric, label] = /^label_values\((\w+), (\w+)\)$/.exec(definition)!;
    expect(mistakes(`sum by (${label}) (${metric})`, told), name).toEqual([]);
  }
});

test.each(dashboards)('the panels of %s have rows of their own, a description, and do not overlap', (_, { panels }) => {
  const taken = new Set<string>();
  for (const { title, type, gridPos, ...panel } of panels) {
    if (type !== 'row') expect(panel, title).toMatchObject({ description: expect.stringMatching(/\.$/) as unknown });
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++)
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
        expect(taken.has(`${x},${y}`), title).toBe(false);
        taken.add(`${x},${y}`);
      }
    expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
  }
});

test('what alerts ask is in /metrics, and their texts name labels that the query keeps', () => {
  for (const { alert, expr, annotations } of groups.flatMap(({ rules }) => rules)) {
    expect(mistakes(expr, told), alert).toEqual([]);
    for (const [, label] of Object.values(annotations)
      .join()
      .matchAll(/\$labels\.(\w+)/g))
      if (/\bby \(/.test(expr)) expect(expr, alert).toMatch(new RegExp(`by \\([^)]*\\b${label}\\b`));
  }
});

test('the operator finds every alert in docs/deploy.md, and no other', () => {
  const page = readFileSync(join(deploy, '../docs/deploy.md'), 'utf8');
  const named = new Set([...page.matchAll(/`(Millrace\w+)`/g)].map(([, name]) => name));
  expect(named).toEqual(new Set(groups.flatMap(({ rules }) => rules.map(({ alert }) => alert))));
});

test('every metric of a node is on a dashboard or is one of those that none needs', () => {
  const asked = JSON.stringify(dashboards);
  const names = new Set(told.map(({ name }) => name.replace(/_(bucket|sum|count)$/, '')));
  const rest = [...names].filter((name) => !new RegExp(`\\b${name}\\b|\\b${name}_`).test(asked));
  expect(rest.filter((name) => !/^(process|nodejs)_/.test(name))).toEqual([
    'feature_verification_order_dependent_rows',
    'feature_verification_smape',
  ]);
});

test.each([
  ['sum(rate(millrace_records_in_total[1m])', 'syntax'],
  ['sum(millrace_records_im_total)', 'no metric millrace_records_im_total'],
  ['millrace_lag_records{qury="x"}', 'no label qury'],
  ['millrace_query_state{state="BROKEN"}', 'no series for'],
  ['sum by (model) (millrace_lag_records)', 'no label model'],
])('the check finds what is wrong with %s', (query, mistake) => {
  expect(mistakes(query, told).join()).toContain(mistake);
});

test('a query has its series before its first batch, and none when it is dropped', async () => {
  await node.sql("CREATE STREAM later AS SELECT * FROM s WHERE id = 'nobody';");
  const of = async (): Promise<Set<string>> =>
    new Set(
      seriesOf(await node.metrics())
        .filter(({ labels }) => labels['query']?.startsWith('CSAS_LATER_'))
        .map(({ name }) => name),
    );
  const others = new Set(told.filter(({ labels }) => 'query' in labels).map(({ name }) => name));
  expect(await of()).toEqual(others);
  await node.sql('DROP STREAM later;');
  expect(await of()).toEqual(new Set());
});

test('errors are a counter', async () => {
  expect(await node.metrics()).toContain('# TYPE millrace_errors_total counter');
});
