import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judge } from '../topology/testing.ts';
import type { Seen } from '../topology/testing.ts';
import { SETTINGS } from './testing.ts';

const judged = (
  check: string,
  seen: Seen[],
  more: { goals?: Record<string, unknown>; settings?: object } = {},
) => judge({ check, seen, settings: { ...SETTINGS, ...more.settings }, goals: more.goals ?? {} });

test('should want a target of every declared job, and all of them up', () => {
  const check = 'telemetry/metrics/targets';
  const read: Seen = ['targets-read'];
  const target = (health: string): Seen => [
    'target',
    { job: 'tender-api', url: 'http://a', health, lastError: 'refused' },
  ];
  assert.equal(judged(check, [target('up'), read]).verdict, 'pass');
  assert.match(judged(check, [target('up'), target('down'), read]).reason, /1 of 2 up; http:\/\/a: refused/);
  assert.match(judged(check, [read]).reason, /job tender-api: .*no target/);
  assert.equal(judged(check, [target('unknown'), read]).verdict, 'inconclusive');
  assert.equal(
    judged(check, [['unavailable', { what: 'Prometheus', reason: 'gone' }]]).verdict,
    'inconclusive',
  );
});

test('should name the series that is not there, and the one that is old', () => {
  const one = (more: object): Seen => [
    'series-seen',
    { selector: 'up{job="tender-api"}', now: 2, lately: 2, ageMs: 4_000, scrapeMs: 5_000, ...more },
  ];
  const goals = { maxScrapesOld: 2 };
  for (const name of ['series', 'freshness'])
    assert.equal(judged(`telemetry/metrics/${name}`, [one({})], { goals }).verdict, 'pass');
  const gone = one({ now: 0, ageMs: 25_000 });
  assert.match(
    judged('telemetry/metrics/series', [gone], { goals }).reason,
    /up\{job="tender-api"\}.*none now, 2 until 25 s ago/,
  );
  assert.match(judged('telemetry/metrics/freshness', [gone], { goals }).reason, /the last is of 25 s ago/);
  assert.match(
    judged('telemetry/metrics/freshness', [one({ now: 0, lately: 0, ageMs: null })], { goals }).reason,
    /no sample lately/,
  );
});

test('should want the rules of every objective, healthy, and somebody to be told', () => {
  const check = 'telemetry/alerts/rules';
  const group = (name: string, health = 'ok'): Seen => [
    'rule-group',
    { name: `plumbline-${name}`, alerting: [{ rule: 'Burn', health, lastError: 'bad' }] },
  ];
  const told: Seen[] = [['rules-read'], ['alertmanagers', { urls: ['http://a/api/v2/alerts'] }]];
  assert.equal(judged(check, [group('api-requests'), group('api-latency'), ...told]).verdict, 'pass');
  assert.match(
    judged(check, [group('api-latency'), ...told]).reason,
    /objective api-requests: .*no alerting rule of that group is loaded/,
  );
  assert.match(
    judged(check, [group('api-requests', 'err'), group('api-latency'), ...told]).reason,
    /Burn: bad/,
  );
  assert.match(
    judged(check, [
      group('api-requests'),
      group('api-latency'),
      ['rules-read'],
      ['alertmanagers', { urls: [] }],
    ]).reason,
    /whom Prometheus tells.*nobody/,
  );
});

test('should want the alert in time, and not judge where nothing may be written', () => {
  const check = 'telemetry/alerts/fires';
  const goals = { arrivalSeconds: 60 };
  assert.equal(judged(check, [['alert-arrived', { afterMs: 12_000 }]], { goals }).verdict, 'pass');
  assert.equal(judged(check, [['alert-arrived', { afterMs: 61_000 }]], { goals }).verdict, 'fail');
  assert.equal(judged(check, [['alert-missing', { afterMs: 120_000 }]], { goals }).verdict, 'fail');
  assert.equal(judged(check, [['reads-only']], { goals }).verdict, 'not-run');
  const silent = judged(check, [['unavailable', { what: 'Alertmanager', reason: 'gone' }]], { goals });
  assert.match(silent.reason, /Alertmanager unavailable: gone/);
  assert.equal(silent.verdict, 'inconclusive');
});

test('should name the pod and the node of a workload whose lines are missing, and tell who was quiet', () => {
  const check = 'telemetry/logs/every-workload';
  const goals = { visibleSeconds: 30, missing: 0 };
  const base: Seen[] = [
    ['workload', { name: 'StatefulSet tender/postgres', pods: 3 }],
    ['workload', { name: 'Deployment tender/quiet', pods: 1 }],
  ];
  const recent = (found: number): Seen => [
    'recent',
    {
      ...{ workload: 'StatefulSet tender/postgres', pod: 'postgres-0', node: 'w1', lines: 20, found },
      missing: 'no action',
    },
  ];
  const good = judged(check, [...base, recent(20)], { goals });
  assert.equal(good.verdict, 'pass');
  assert.match(good.seen, /nothing was logged lately by Deployment tender\/quiet/);
  const bad = judged(check, [...base, recent(14)], { goals });
  assert.equal(bad.verdict, 'fail');
  assert.match(bad.reason, /missing 6 of postgres-0 on node w1/);
  assert.equal(judged(check, base, { goals }).verdict, 'inconclusive');
  const unread: Seen = ['disk-unread', { workload: 'StatefulSet tender/postgres', reason: 'forbidden' }];
  const partly = judged(check, [...base, recent(20), unread], { goals });
  assert.equal(partly.verdict, 'inconclusive');
  assert.match(partly.reason, /the logs of 1 of its pods cannot be read: forbidden/);
  assert.equal(judged(check, [...base, recent(14), unread], { goals }).verdict, 'fail');
});

test('should want data sources that answer and dashboards that a browser shows', () => {
  const check = 'telemetry/dashboards';
  const settings = { telemetry: { dashboards: { declared: [{ uid: 'slo', title: 'Goals' }] } } };
  const base: Seen[] = [
    ['health', { name: 'Grafana', ok: true, detail: '12' }],
    ['dashboard', { uid: 'slo', found: true, panels: 3 }],
  ];
  const shown = (errors: number): Seen => ['rendered', { uid: 'slo', status: 200, panels: 3, errors }];
  assert.equal(judged(check, [...base, shown(0)], { settings }).verdict, 'pass');
  assert.equal(judged(check, [...base, shown(1)], { settings }).verdict, 'fail');
  assert.equal(judged(check, base, { settings }).verdict, 'inconclusive');
  const source: Seen = ['data-source', { name: 'Logs', ok: false, detail: 'no connection' }];
  assert.match(
    judged(check, [...base, shown(0), source], { settings }).reason,
    /data source Logs.*no connection/,
  );
});

test('should not say that dashboards render where no browser is, and still see what is broken without one', () => {
  const check = 'telemetry/dashboards';
  const dashboards = { declared: [{ uid: 'slo', title: 'Goals' }], stubbed: true };
  const settings = { telemetry: { dashboards } };
  const seen: Seen[] = [
    ['health', { name: 'Grafana', ok: true, detail: '12' }],
    ['dashboard', { uid: 'slo', found: true, panels: 3 }],
    ['unavailable', { what: 'a browser', reason: 'none is installed' }],
  ];
  const blind = judged(check, seen, { settings });
  assert.equal(blind.verdict, 'inconclusive');
  assert.match(blind.reason, /a browser unavailable: none is installed/);
  assert.deepEqual(
    blind.findings.map(({ subject, seen: said }) => [subject, said]),
    [['dashboard Goals (slo)', 'no browser showed it']],
  );
  assert.match(blind.seen, /Grafana is a stand-in \(stubbed\)/);
  const source: Seen = ['data-source', { name: 'Logs', ok: false, detail: 'no connection' }];
  assert.equal(judged(check, [...seen, source], { settings }).verdict, 'fail');
});

test('should not judge dashboards that nobody could be asked about, though the browser did not get there either', () => {
  const settings = { telemetry: { dashboards: { declared: [{ uid: 'slo', title: 'Goals' }] } } };
  const gone: Seen[] = [
    ['unavailable', { what: 'Grafana', reason: 'refused' }],
    ['not-rendered', { uid: 'slo', reason: 'net::ERR_CONNECTION_REFUSED' }],
  ];
  const { verdict, reason, seen } = judged('telemetry/dashboards', gone, { settings });
  assert.equal(verdict, 'inconclusive');
  assert.match(reason, /Grafana unavailable: refused/);
  assert.doesNotMatch(seen, /stand-in/);
});
