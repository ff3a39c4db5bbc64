import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { parse } from 'yaml';
import type { Objective } from '../../reports/record/telemetry/objective.ts';
import { prometheusPrograms } from './_testing/debian-prometheus.ts';
import { readTemplates, resolveObjectives } from './index.ts';
import { badRatio, objectiveRules, prometheusRule, ruleFile } from './rules.ts';
import { parseYaml } from '../yaml-source.ts';

const REQUESTS: Objective = {
  name: 'api-requests',
  title: 'API requests',
  service: 'api',
  method: 'Occurrences',
  target: 0.999,
  window: { kind: 'rolling', ms: 2_592_000_000 },
  slice: null,
  status: 'assumed',
  stated: 'environment file',
  indicator: { kind: 'ratio', counter: true, good: null, bad: 'n{status=~"5.."}', total: 'n' },
};
const ALERTS = {
  ruleGroups: { prefix: 'slo-' },
  canary: { alert: 'Breach', metric: 'breach', service: 'canary', port: 8080 },
};
const SHOP = { name: 'shop', objectives: [REQUESTS], telemetry: { alerts: ALERTS } };

const folder = mkdtempSync(path.join(tmpdir(), 'plumbline-rules-'));
const { programs, remove } = prometheusPrograms('promtool');
after(() => {
  remove();
  rmSync(folder, { recursive: true });
});

test('should ask for the share of bad events of a counter, none where there is no series of them', () => {
  assert.equal(badRatio(REQUESTS, '5m'), '(sum(rate(n{status=~"5.."}[5m])) or vector(0)) / sum(rate(n[5m]))');
  const good = {
    ...REQUESTS,
    indicator: { ...REQUESTS.indicator, good: 'n{le="0.5"}', bad: null },
  } as Objective;
  assert.equal(badRatio(good, '1h'), '1 - (sum(rate(n{le="0.5"}[1h])) or vector(0)) / sum(rate(n[1h]))');
});

test('should ask for the share of bad slices where slices are counted', () => {
  const sliced: Objective = { ...REQUESTS, method: 'Timeslices', slice: { target: 0.99, ms: 60_000 } };
  assert.match(badRatio(sliced, '6h'), /^avg_over_time\(\(\(.*\[1m\]\)\)\) > bool 0\.01\)\[6h:1m\]\)$/);
  const threshold: Objective = {
    ...sliced,
    indicator: { kind: 'threshold', query: 'q', op: 'gte', value: 25 },
  };
  assert.equal(badRatio(threshold, '1h'), 'avg_over_time(((q) < bool 25 or on() vector(1))[1h:1m])');
  const most = { ...threshold, indicator: { ...threshold.indicator, op: 'lte' } } as Objective;
  assert.equal(badRatio(most, '1h'), 'avg_over_time(((q) > bool 25)[1h:1m])');
});

test('should look at slices at least once in the shortest window, however long they are', () => {
  const hourly: Objective = { ...REQUESTS, method: 'Timeslices', slice: { target: 0.99, ms: 3_600_000 } };
  assert.match(badRatio(hourly, '5m'), /n\[60m\]\)\)\) > bool 0\.01\)\[5m:5m\]\)$/);
});

test('should ask for rates over at least four scrapes', () => {
  const sliced: Objective = { ...REQUESTS, method: 'Timeslices', slice: { target: 0.99, ms: 60_000 } };
  assert.match(badRatio(sliced, '1h', 60), /n\[240s\]\)\)\) > bool 0\.01\)\[1h:1m\]\)$/);
  const rules = (scrapeSeconds: number): string =>
    ruleFile(objectiveRules({ ...SHOP, prometheus: { scrapeSeconds } }));
  assert.match(rules(120), /sum\(rate\(n\[480s\]\)\)/);
  assert.doesNotMatch(rules(75), /\[\d+s\]/);
});

test('should tell environments of one Prometheus apart', () => {
  const [group] = objectiveRules(SHOP);
  for (const { alert, expr, labels } of group?.rules ?? []) {
    assert.equal(labels['environment'], 'shop');
    if (alert !== undefined)
      assert.equal(expr.split('{environment="shop",objective="api-requests"}').length, 3, expr);
  }
});

test('should alert at the burn rates of the SRE Workbook, over two windows each', () => {
  const [group] = objectiveRules({ name: 'shop', objectives: [REQUESTS] });
  assert.equal(group?.name, 'plumbline-api-requests');
  const alerts = group.rules.filter(({ alert }) => alert !== undefined);
  assert.deepEqual(
    alerts.map(({ labels, expr }) => [labels['window'], labels['severity'], expr.match(/> [\d.]+/)?.[0]]),
    [
      ['1h', 'page', '> 0.0144'],
      ['6h', 'page', '> 0.006'],
      ['1d', 'ticket', '> 0.003'],
      ['3d', 'ticket', '> 0.001'],
    ],
  );
  assert.deepEqual(
    group.rules.flatMap(({ record = [] }) => record),
    ['5m', '1h', '30m', '6h', '2h', '1d', '3d'].map((window) => `plumbline:bad_ratio:${window}`),
  );
});

test('should leave out a burn rate that the target can never reach', () => {
  const [group] = objectiveRules({ name: 'shop', objectives: [{ ...REQUESTS, target: 0.9 }] });
  assert.deepEqual(
    group?.rules.flatMap(({ alert, labels }) => (alert === undefined ? [] : [labels['window']])),
    ['6h', '1d', '3d'],
  );
});

test('should name groups and the canary as the environment does, and leave the canary out without alerts', () => {
  const groups = objectiveRules(SHOP);
  assert.deepEqual(
    groups.map(({ name }) => name),
    ['slo-api-requests', 'slo-canary'],
  );
  assert.deepEqual(
    groups[1]?.rules.map(({ alert, expr }) => [alert, expr]),
    [['Breach', 'breach == 1']],
  );
  assert.equal(objectiveRules({ name: 'shop', objectives: [REQUESTS] }).length, 1);
});

test('should be an object of the operator, with the labels that its selector asks for', () => {
  const groups = objectiveRules(SHOP);
  const labels = { release: 'monitoring' };
  const object = parse(prometheusRule(groups, { name: 'plumbline-x', namespace: 'slo', labels })) as {
    metadata: unknown;
    spec: unknown;
  };
  assert.deepEqual(object.metadata, {
    name: 'plumbline-x',
    namespace: 'slo',
    labels: { 'app.kubernetes.io/managed-by': 'plumbline', release: 'monitoring' },
  });
  assert.deepEqual(object.spec, parse(ruleFile(groups)));
});

function promtool(...args: string[]): { status: number | null; said: string } {
  const { status, stdout, stderr } = spawnSync(programs?.[0] ?? '', args, { encoding: 'utf8' });
  return { status, said: `${stdout}${stderr}` };
}

const without = programs === null && 'neither promtool on PATH nor a package of Prometheus in the cache';

test('should be rules that Prometheus takes, of every template', { skip: without }, () => {
  const templates = readTemplates(path.join(import.meta.dirname, '../..'));
  const shared = {
    status: 'assumed',
    service: 'x',
    selector: 'job="x",uri!~"/health.*"',
    target: 0.99,
  } as const;
  const minute = { target: 0.9, length: '1m' };
  const choices = [
    ...[...templates.keys()].flatMap((template) => [
      { ...shared, template, name: `${template}-requests`, indicator: 'requests' as const },
      { ...shared, template, name: `${template}-latency`, indicator: 'latency' as const, atMost: '2s' },
      {
        ...shared,
        template,
        name: `${template}-rate`,
        indicator: 'throughput' as const,
        value: 5,
        slice: minute,
      },
    ]),
    {
      name: 'own',
      status: 'assumed' as const,
      service: 'x',
      target: 0.99,
      queries: { counter: false, total: 'sum(increase(a[1m]))', bad: 'sum(increase(a{b="c"}[1m]))' },
    },
  ];
  const objectives = resolveObjectives(choices, templates, { source: parseYaml('', 'x'), kind: 'staging' });
  const file = path.join(folder, 'all.yaml');
  writeFileSync(file, ruleFile(objectiveRules({ ...SHOP, objectives })));
  const { status, said } = promtool('check', 'rules', file);
  assert.equal(status, 0, said);
  assert.match(said, /SUCCESS: \d{3} rules found/);
  writeFileSync(file, readFileSync(file, 'utf8').replace('sum(rate(', 'sum(rat('));
  assert.notEqual(promtool('check', 'rules', file).status, 0, 'a wrong expression is found');
});

/** Per minute: `total` requests, of which `bad` fail. */
function burning(total: number, bad: number, wanted: readonly string[]): string {
  const objective = {
    ...REQUESTS,
    title: 'API',
    indicator: { ...REQUESTS.indicator, bad: 'n{status="500"}' },
  };
  writeFileSync(
    path.join(folder, 'burn.yaml'),
    ruleFile(objectiveRules({ ...SHOP, objectives: [objective] })),
  );
  const series = [
    { series: 'n{status="200"}', values: `0+${total - bad}x400` },
    ...(bad === 0 ? [] : [{ series: 'n{status="500"}', values: `0+${bad}x400` }]),
    { series: 'breach{run="r1"}', values: '1x400' },
  ];
  const alert = (window: string, factor: string): unknown => ({
    exp_labels: {
      environment: 'shop',
      objective: 'api-requests',
      service: 'api',
      window,
      severity: ['1h', '6h'].includes(window) ? 'page' : 'ticket',
    },
    exp_annotations: {
      summary: `API: budget is spent ${factor} times too fast, over ${window} and still over ${{ '1h': '5m', '6h': '30m', '1d': '2h', '3d': '6h' }[window] ?? ''}`,
    },
  });
  const factors: Record<string, string> = { '1h': '14.4', '6h': '6', '1d': '3', '3d': '1' };
  const file = path.join(folder, 'burn.test.yaml');
  writeFileSync(
    file,
    JSON.stringify({
      rule_files: ['burn.yaml'],
      tests: [
        {
          interval: '1m',
          input_series: series,
          alert_rule_test: [
            {
              eval_time: '390m',
              alertname: 'ErrorBudgetBurn',
              exp_alerts: wanted.map((window) => alert(window, factors[window] ?? '')),
            },
            {
              eval_time: '390m',
              alertname: 'Breach',
              exp_alerts: [
                {
                  exp_labels: { severity: 'none', run: 'r1' },
                  exp_annotations: { summary: 'A breach that Plumbline made up, to see whether it arrives' },
                },
              ],
            },
          ],
        },
      ],
    }),
  );
  const { status, said } = promtool('test', 'rules', file);
  return status === 0 ? 'as wanted' : said;
}

test(
  'should fire as fast as the budget burns, and not where no series of errors is there',
  { skip: without },
  () => {
    assert.equal(burning(10_000, 0, []), 'as wanted');
    assert.equal(burning(10_000, 5, []), 'as wanted');
    assert.equal(burning(10_000, 20, ['3d']), 'as wanted');
    assert.equal(burning(10_000, 40, ['1d', '3d']), 'as wanted');
    assert.equal(burning(10_000, 80, ['6h', '1d', '3d']), 'as wanted');
    assert.equal(burning(10_000, 150, ['1h', '6h', '1d', '3d']), 'as wanted');
    assert.notEqual(burning(10_000, 150, []), 'as wanted', 'promtool says what it finds');
  },
);

/** `every window`, or what promtool says: whether the rules of an objective alert for each window after so many minutes of some series. */
function alerting(minutes: number, objective: Objective, series: Record<string, string>): string {
  const rules = ruleFile(objectiveRules({ ...SHOP, objectives: [objective] }));
  writeFileSync(path.join(folder, 'gone.yaml'), rules);
  const samples = {
    expr: 'count by (window) (ALERTS{alertname="ErrorBudgetBurn"})',
    eval_time: `${minutes}m`,
    exp_samples: ['1h', '6h', '1d', '3d'].map((window) => ({ labels: `{window="${window}"}`, value: 1 })),
  };
  const input = Object.entries(series).map(([one, values]) => ({ series: one, values }));
  const tests = [{ interval: '1m', input_series: input, promql_expr_test: [samples] }];
  const file = path.join(folder, 'gone.test.yaml');
  writeFileSync(file, JSON.stringify({ rule_files: ['gone.yaml'], tests }));
  const { status, said } = promtool('test', 'rules', file);
  return status === 0 ? 'every window' : said;
}

test('should fire where nothing is good any more, or nothing is there', { skip: without }, () => {
  const failing = { 'n{status="500"}': '0+100x100' };
  const indicator = { ...REQUESTS.indicator, good: 'n{status="200"}', bad: null } as Objective['indicator'];
  assert.equal(alerting(60, { ...REQUESTS, indicator }, failing), 'every window');
  const hourly: Objective = { ...REQUESTS, method: 'Timeslices', slice: { target: 0.99, ms: 3_600_000 } };
  assert.equal(alerting(100, hourly, failing), 'every window');
  const throughput: Objective = {
    ...hourly,
    target: 0.95,
    slice: { target: 0.9, ms: 60_000 },
    indicator: { kind: 'threshold', query: 'sum(rate(n[1m]))', op: 'gte', value: 25 },
  };
  assert.equal(alerting(60, throughput, { other: '1x60' }), 'every window');
});
