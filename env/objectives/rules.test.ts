import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { parse } from 'yaml';
import type { Objective } from '../../reports/record/objective.ts';
import { prometheusPrograms } from './_testing/debian-prometheus.ts';
import { readObjectives, resolveObjectives } from './index.ts';
import { badRatio, objectiveRules, prometheusRule, ruleFile } from './rules.ts';
import { parseYaml } from '../yaml-source.ts';

const REQUESTS: Objective = {
  ...{ name: 'api-requests', title: 'API requests', service: 'api', method: 'Occurrences' },
  ...{ target: 0.999, window: { kind: 'rolling', ms: 2_592_000_000 }, slice: null, status: 'assumed' },
  indicator: { kind: 'ratio', counter: true, good: null, bad: 'n{status=~"5.."}', total: 'n' },
};
const ALERTS = {
  ruleGroups: { prefix: 'slo-' },
  canary: { alert: 'Breach', metric: 'breach', service: 'canary', port: 8080 },
};

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
  assert.equal(badRatio(good, '1h'), '1 - sum(rate(n{le="0.5"}[1h])) / sum(rate(n[1h]))');
});

test('should ask for the share of bad slices where slices are counted', () => {
  const sliced: Objective = { ...REQUESTS, method: 'Timeslices', slice: { target: 0.99, ms: 60_000 } };
  assert.match(badRatio(sliced, '6h'), /^avg_over_time\(\(\(.*\[60s\]\)\)\) > bool 0\.01\)\[6h:60s\]\)$/);
  const threshold: Objective = {
    ...sliced,
    indicator: { kind: 'threshold', query: 'q', op: 'gte', value: 25 },
  };
  assert.equal(badRatio(threshold, '1h'), 'avg_over_time(((q) < bool 25)[1h:60s])');
});

test('should alert at the burn rates of the SRE Workbook, over two windows each', () => {
  const [group] = objectiveRules([REQUESTS], undefined);
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
  const [group] = objectiveRules([{ ...REQUESTS, target: 0.9 }], undefined);
  assert.deepEqual(
    group?.rules.flatMap(({ alert, labels }) => (alert === undefined ? [] : [labels['window']])),
    ['6h', '1d', '3d'],
  );
});

test('should name groups and the canary as the environment does, and leave the canary out without alerts', () => {
  const groups = objectiveRules([REQUESTS], ALERTS);
  assert.deepEqual(
    groups.map(({ name }) => name),
    ['slo-api-requests', 'slo-canary'],
  );
  assert.deepEqual(
    groups[1]?.rules.map(({ alert, expr }) => [alert, expr]),
    [['Breach', 'breach == 1']],
  );
  assert.equal(objectiveRules([REQUESTS], undefined).length, 1);
});

test('should be an object of the operator, with the labels that its selector asks for', () => {
  const groups = objectiveRules([REQUESTS], ALERTS);
  const labels = { release: 'monitoring' };
  const object = parse(prometheusRule(groups, { name: 'plumbline-x', namespace: 'slo', labels })) as {
    metadata: unknown;
    spec: unknown;
  };
  assert.deepEqual(object.metadata, {
    ...{ name: 'plumbline-x', namespace: 'slo' },
    labels: { 'app.kubernetes.io/managed-by': 'plumbline', release: 'monitoring' },
  });
  assert.deepEqual(object.spec, parse(ruleFile(groups)));
});

function promtool(...args: string[]): { status: number | null; said: string } {
  const { status, stdout, stderr } = spawnSync(programs?.[0] ?? '', args, { encoding: 'utf8' });
  return { status, said: `${stdout}${stderr}` };
}

const without = programs === null && 'neither promtool on PATH nor a package of Prometheus in the cache';

test('should be rules that Prometheus takes, of every document and every template', { skip: without }, () => {
  const library = readObjectives(import.meta.dirname);
  const templates = readdirSync(path.join(import.meta.dirname, 'templates')).map((name) =>
    name.replace('.yaml', ''),
  );
  const shared = {
    status: 'assumed',
    service: 'x',
    selector: 'job="x",uri!~"/health.*"',
    target: 0.99,
  } as const;
  const minute = { target: 0.9, length: '1m' };
  const choices = [
    ...[...library.documents.keys()].map((name) => ({ name, status: 'assumed' as const })),
    ...templates.flatMap((template) => [
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
      ...{ name: 'own', status: 'assumed' as const, service: 'x', target: 0.99 },
      queries: { counter: false, total: 'sum(increase(a[1m]))', bad: 'sum(increase(a{b="c"}[1m]))' },
    },
  ];
  const objectives = resolveObjectives(choices, library, { source: parseYaml('', 'x'), kind: 'staging' });
  const file = path.join(folder, 'all.yaml');
  writeFileSync(file, ruleFile(objectiveRules(objectives, ALERTS)));
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
  writeFileSync(path.join(folder, 'burn.yaml'), ruleFile(objectiveRules([objective], ALERTS)));
  const series = [
    { series: 'n{status="200"}', values: `0+${total - bad}x400` },
    ...(bad === 0 ? [] : [{ series: 'n{status="500"}', values: `0+${bad}x400` }]),
    { series: 'breach{run="r1"}', values: '1x400' },
  ];
  const alert = (window: string, factor: string): unknown => ({
    exp_labels: {
      ...{ objective: 'api-requests', service: 'api', window },
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
          ...{ interval: '1m', input_series: series },
          alert_rule_test: [
            {
              ...{ eval_time: '390m', alertname: 'ErrorBudgetBurn' },
              exp_alerts: wanted.map((window) => alert(window, factors[window] ?? '')),
            },
            {
              ...{ eval_time: '390m', alertname: 'Breach' },
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
