import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import type { Objective } from '../../../../reports/record/objective.ts';
import { prometheusConfig } from './config.ts';
import { rulesOf } from './objectives.ts';
import { badRatio, burnRateRules, groupOf } from './rules.ts';

const REQUESTS: Objective = {
  ...{ name: 'api-requests', title: 'API requests', service: 'tender-api', method: 'Occurrences' },
  ...{ target: 0.999, window: { kind: 'rolling', ms: 2_592_000_000 }, slice: null, status: 'assumed' },
  indicator: { kind: 'ratio', counter: true, good: null, bad: 'n{status=~"5.."}', total: 'n' },
};

interface Rule {
  record?: string;
  alert?: string;
  expr: string;
  labels: Record<string, string>;
}
const groupsIn = (text: string): { name: string; rules: Rule[] }[] =>
  (parse(text) as { groups: { name: string; rules: Rule[] }[] }).groups;

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
  const [group] = groupsIn(burnRateRules([REQUESTS]));
  assert.equal(group?.name, groupOf('api-requests'));
  const alerts = group.rules.filter(({ alert }) => alert !== undefined);
  assert.deepEqual(
    alerts.map(({ labels, expr }) => [labels.window, labels.severity, expr.match(/> [\d.]+/)?.[0]]),
    [
      ['1h', 'page', '> 0.0144'],
      ['6h', 'page', '> 0.006'],
      ['3d', 'ticket', '> 0.001'],
    ],
  );
  assert.deepEqual(
    group.rules.flatMap(({ record = [] }) => record),
    ['5m', '1h', '30m', '6h', '3d'].map((window) => `plumbline:bad_ratio:${window}`),
  );
});

test('should leave out a burn rate that the target can never reach', () => {
  const [group] = groupsIn(burnRateRules([{ ...REQUESTS, target: 0.9 }]));
  assert.deepEqual(
    group?.rules.flatMap(({ alert, labels }) => (alert === undefined ? [] : [labels.window])),
    ['6h', '3d'],
  );
});

test('should have a group for every objective of the environment, and the canary’s', () => {
  const names = groupsIn(rulesOf('local')).map(({ name }) => name);
  assert.deepEqual(names, [
    'plumbline-api-requests',
    'plumbline-edge-requests',
    'plumbline-api-latency',
    'plumbline-canary',
  ]);
});

test('should scrape what was provisioned, and hold rules only where alerts go somewhere', () => {
  const config = (words: string[]): { rule_files?: string[]; scrape_configs: { job_name: string }[] } =>
    parse(prometheusConfig({ with: words })) as ReturnType<typeof config>;
  const jobs = (words: string[]): string[] => config(words).scrape_configs.map(({ job_name }) => job_name);
  assert.deepEqual(jobs(['postgres']), ['prometheus', 'tender-api', 'gateway']);
  assert.ok(jobs(['postgres', 'ai']).includes('tender-ai'));
  assert.ok(jobs(['postgres', 'gpu']).includes('device-plugin'));
  assert.ok(jobs(['postgres', 'telemetry']).includes('plumbline-canary'));
  assert.equal(config(['postgres']).rule_files, undefined);
  assert.deepEqual(config(['postgres', 'telemetry']).rule_files, ['rules.yml']);
});
