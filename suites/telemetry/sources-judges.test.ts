import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judge } from '../_testing/histories.ts';
import type { Seen } from '../_testing/histories.ts';
import { clock, SETTINGS, START_MS, tOf } from './_testing/histories.ts';

const judged = (
  check: string,
  seen: Seen[],
  more: { goals?: Record<string, unknown>; settings?: object } = {},
) => judge({ check, seen, settings: { ...SETTINGS, ...more.settings }, goals: more.goals ?? {} });

test('should want a target of every declared job, and all of them up', () => {
  const check = 'telemetry/metrics/targets';
  const target = (health: string, at = 'a'): Seen => [
    'scrape-target',
    { job: 'tender-api', url: `http://${at}`, health, lastError: 'refused' },
  ];
  const read: Seen = ['scrape-job', { job: 'tender-api' }];
  assert.equal(judged(check, [target('up'), read]).verdict, 'pass');
  assert.match(
    judged(check, [target('up'), target('down', 'b'), read]).reason,
    /1 of 2 up; http:\/\/b: refused/,
  );
  assert.match(judged(check, [read]).reason, /job tender-api: .*no target/);
  assert.equal(judged(check, [target('unknown'), read]).verdict, 'inconclusive');
  assert.equal(judged(check, [target('up')]).verdict, 'inconclusive', 'nobody says that it is all');
  // Targets differ by their labels: two of a job may be scraped at one URL.
  assert.equal(judged(check, [target('up'), target('up'), read]).verdict, 'pass');
  assert.equal(
    judged(check, [['unavailable', { what: 'Prometheus', reason: 'gone' }]]).verdict,
    'inconclusive',
  );
});

test('should want as many targets as a workload has replicas, or as are declared, and not judge while it is rolled out', () => {
  const replicas = { min: 2, max: 4 };
  const having = (urls: string[], of: { least?: number; rolling?: boolean | null } = {}) => {
    const { least, rolling } = of;
    const seen: Seen[] = [
      ...urls.map((url): Seen => ['scrape-target', { job: 'tender-api', url, health: 'up', lastError: '' }]),
      ['scrape-job', { job: 'tender-api' }],
      ...seriesSeen(urls.map(() => 4_000)),
      ...(rolling === undefined ? [] : [['scraped-workload', { job: 'tender-api', rolling }] as Seen]),
    ];
    const { required, ...rest } = SETTINGS.telemetry;
    const telemetry = { ...rest, required: { ...required, leastTargets: { 'tender-api': least } } };
    const workload = { kind: 'Deployment', namespace: 'a', name: 'tender-api', replicas };
    const settings = { workloads: [workload], ...(least !== undefined && { telemetry }) };
    return ['targets', 'series'].map(
      (name) => judged(`telemetry/metrics/${name}`, seen, { settings }).verdict,
    );
  };
  assert.deepEqual(having(['a', 'b']), ['pass', 'pass']);
  assert.deepEqual(having(['a']), ['fail', 'fail']);
  assert.deepEqual(having(['a'], { least: 1 }), ['pass', 'pass']);
  assert.deepEqual(having(['a', 'b'], { least: 3 }), ['fail', 'fail']);
  assert.deepEqual(having(['a'], { rolling: false }), ['fail', 'fail']);
  for (const rolling of [true, null]) {
    assert.deepEqual(having(['a'], { rolling }), ['inconclusive', 'inconclusive']);
    assert.deepEqual(having([], { rolling }), ['inconclusive', 'inconclusive']);
    assert.deepEqual(having(['a', 'b'], { rolling }), ['pass', 'pass']);
  }
});

/** Panels of which each was given so many points. */
const data = (...points: number[]) => points.map((one, at) => ({ panel: `${at + 1}`, points: one }));
const SHARE = { emptyPanelsRatio: 0.5 };

const SELECTOR = 'up{job="tender-api"}';
/** Ages of samples, ms, of a Prometheus whose clock is `aheadMs` ahead. */
const seriesSeen = (ages: number[], of: { goneMs?: number | null; aheadMs?: number } = {}): Seen[] => {
  const { goneMs = null, aheadMs = 0 } = of;
  const theirs = (ageMs: number): number => START_MS + aheadMs - ageMs;
  const fields = {
    selector: SELECTOR,
    askedMs: START_MS,
    lastMs: ages.map(theirs),
    everyMs: ages.map(() => 0),
    example: ages.length > 0 ? SELECTOR : null,
    goneMs: goneMs === null ? null : theirs(goneMs),
  };
  return [clock('Prometheus', aheadMs), ['series-seen', { t: tOf(START_MS) + 20, ...fields }]];
};

test('should name the series that is not there, and the one that is old', () => {
  const goals = { maxScrapesOld: 2 };
  for (const name of ['series', 'freshness']) {
    const { verdict, reason } = judged(`telemetry/metrics/${name}`, seriesSeen([4_000, 1_000]), { goals });
    assert.equal(verdict, 'pass', reason);
  }
  assert.equal(judged('telemetry/metrics/freshness', seriesSeen([4_000, 12_000]), { goals }).verdict, 'fail');
  assert.match(
    judged('telemetry/metrics/series', seriesSeen([], { goneMs: 25_000 }), { goals }).reason,
    /up\{job="tender-api"\}.*none now; the last sample is from 25 s ago/,
  );
  assert.match(
    judged('telemetry/metrics/freshness', seriesSeen([], { goneMs: 25_000 }), { goals }).reason,
    /the last sample is from 25 s ago/,
  );
  assert.match(judged('telemetry/metrics/freshness', seriesSeen([]), { goals }).reason, /no recent sample/);
  const twisted = seriesSeen([4_000]).map(([kind, of]): Seen =>
    kind === 'series-seen' ? [kind, { ...of, example: 'up{job="other"}' }] : [kind, of],
  );
  assert.equal(judged('telemetry/metrics/series', twisted, { goals }).verdict, 'inconclusive');
  const other = judged('telemetry/metrics/series', seriesSeen([3_600_000]), { goals });
  assert.equal(other.verdict, 'inconclusive');
});

test('should hold a series against the interval at which it is scraped, where that is longer than the declared one', () => {
  const goals = { maxScrapesOld: 2 };
  const seen = (ages: number[], everyMs: number[]): ReturnType<typeof judge> =>
    judged(
      'telemetry/metrics/freshness',
      seriesSeen(ages).map(([kind, of]): Seen =>
        kind === 'series-seen' ? [kind, { ...of, everyMs }] : [kind, of],
      ),
      { goals },
    );
  assert.equal(seen([50_000, 4_000], [60_000, 5_000]).verdict, 'pass');
  assert.equal(seen([130_000, 4_000], [60_000, 5_000]).verdict, 'fail');
  const other = seen([50_000, 12_000], [60_000, 5_000]);
  assert.equal(other.verdict, 'fail', 'the slow series excuses no other');
  assert.match(other.reason, /a sample of the last 10 s.*from 12 s ago/);
  assert.equal(seen([50_000], [0]).verdict, 'fail');
});

test('false verdict 21: ages of samples are counted by the clock of Prometheus', () => {
  const goals = { maxScrapesOld: 2 };
  const check = 'telemetry/metrics/freshness';
  for (const aheadMs of [-30_000, 600_000]) {
    const good = judged(check, seriesSeen([4_000], { aheadMs }), { goals });
    assert.equal(good.verdict, 'pass', good.reason);
    assert.match(good.seen, aheadMs < 0 ? /Prometheus is 30 s behind/ : /Prometheus is 600 s ahead/);
    assert.equal(judged(check, seriesSeen([60_000], { aheadMs }), { goals }).verdict, 'fail');
  }
  const open = judged(check, seriesSeen([10_005]), { goals });
  assert.equal(open.verdict, 'inconclusive');
  assert.match(open.reason, /give or take/);
  const unread: Seen = ['clock-unread', { source: 'Prometheus', reason: 'no value' }];
  const unknown = judged(check, [unread, ...seriesSeen([60_000]).slice(1)], { goals });
  assert.equal(unknown.verdict, 'inconclusive');
});

const OBJECTIVES = ['api-requests', 'api-latency'].map((name) => ({
  name,
  title: name,
  service: 'tender-api',
  method: 'Occurrences',
  target: 0.99,
  window: { kind: 'run' },
  slice: null,
  status: 'assumed',
  stated: 'template reference',
  indicator: {
    kind: 'ratio',
    counter: true,
    good: null,
    bad: 'n{job="api",code=~"5.."}',
    total: 'n{job="api"}',
  },
}));
const RECORDED = 'bad:1h{objective="api-requests"}';

/** What is seen of rules that are whole. */
const rulesSeen = (of: { query?: string; firingSinceMs?: number; health?: string } = {}): Seen[] => {
  const { query = `${RECORDED} > 0.1`, firingSinceMs = null, health = 'ok' } = of;
  return [
    ...['api-requests', 'api-latency'].map((name): Seen => [
      'rule-group',
      {
        group: `plumbline-${name}`,
        alerting: [{ rule: 'Burn', query, health, lastError: 'bad', firingSinceMs }],
      },
    ]),
    [
      'recording-rule',
      {
        record: 'bad:1h',
        labels: { objective: 'api-requests' },
        health: 'ok',
        lastError: null,
        query: '(rate(n{job="api",code=~"5.."}[1h]) or vector(0)) / rate(n{job="api"}[1h])',
      },
    ],
    ...[RECORDED, 'n{job="api"}', 'n{job="api",code=~"5.."}'].map((selector): Seen => [
      'rule-selector',
      { selector, series: selector.includes('code') ? 0 : 1, lately: 0, metric: 'there' },
    ]),
    ['alertmanagers', { urls: ['http://a/api/v2/alerts'] }],
  ];
};

const rulesJudged = (seen: Seen[]) =>
  judged('telemetry/alerts/rules', seen, { goals: { firingDays: 30 }, settings: { objectives: OBJECTIVES } });

test('should want the rules of every objective, healthy, and somebody to be told', () => {
  const whole = rulesJudged(rulesSeen());
  assert.equal(whole.verdict, 'pass', whole.reason);
  assert.match(
    rulesJudged(rulesSeen().slice(1)).reason,
    /objective api-requests: .*no alerting rule of that group is loaded/,
  );
  assert.match(rulesJudged(rulesSeen({ health: 'err' })).reason, /Burn: bad/);
  const receiving = (urls: string[] | null): Seen[] => [
    ...rulesSeen().slice(0, -1),
    ['alertmanagers', { urls }],
  ];
  assert.match(rulesJudged(receiving([])).reason, /where Prometheus sends alerts.*nowhere/);
  const found = rulesJudged(receiving(null));
  assert.equal(found.verdict, 'pass', found.reason);
  assert.match(found.seen, /where Prometheus sends alerts was not judged/);
  assert.equal(rulesJudged(receiving(null).slice(1)).verdict, 'fail');
});

test('should want rules that can fire, by series that are there, and do not fire on and on', () => {
  const verdictOf = (of: Parameters<typeof rulesSeen>[0], change = (seen: Seen[]) => seen) => {
    const { verdict, reason } = rulesJudged(change(rulesSeen(of)));
    return [verdict, reason] as const;
  };
  const constant = verdictOf({ query: `${RECORDED} > 0.1 and on() vector(0) > 1` });
  assert.equal(constant[0], 'fail');
  assert.match(constant[1], /"vector\(0\) > 1" is constant/);
  assert.equal(verdictOf({ query: `${RECORDED} > 0.1 and on() hour() > 7` })[0], 'pass');
  assert.equal(verdictOf({ query: 'a keep_metric_names' })[0], 'inconclusive');
  assert.equal(verdictOf({ query: 'n{job="other"} > 1' })[0], 'fail', 'series of another job');
  const found = (selector: string, more: object) => (seen: Seen[]) =>
    seen.map(([kind, fields]): Seen =>
      fields?.['selector'] === selector ? [kind, { ...fields, series: 0, ...more }] : [kind, fields ?? {}],
    );
  const total = 'n{job="api"}';
  assert.match(
    verdictOf({}, found(total, { metric: 'unknown' })).join(': '),
    /^fail: .*its metric is unknown/,
  );
  for (const more of [{ metric: 'there' }, { metric: 'described' }, { lately: 3 }])
    assert.equal(verdictOf({}, found(total, more))[0], 'inconclusive');
  assert.equal(verdictOf({}, found(total, { metric: 'untold' }))[0], 'inconclusive');
  const errors = 'n{job="api",code=~"5.."}';
  for (const metric of ['unknown', 'untold', 'unlabelled'])
    assert.equal(verdictOf({}, found(errors, { metric }))[0], 'inconclusive', metric);
  const bare = (metric: string) => (seen: Seen[]) =>
    found(errors, { metric })(seen).map(([kind, fields]): Seen =>
      kind === 'recording-rule'
        ? [kind, { ...fields, query: 'rate(n{job="api",code=~"5.."}[1h]) / rate(n{job="api"}[1h])' }]
        : [
            kind,
            fields?.['selector'] === RECORDED ? { ...fields, series: 0, metric: 'unknown' } : (fields ?? {}),
          ],
    );
  const good = rulesJudged(bare('there')(rulesSeen()));
  assert.equal(good.verdict, 'pass', good.reason);
  assert.match(good.seen, /code=~"5\.\."\} finds nothing.*nothing of the kind was counted/);
  assert.equal(verdictOf({}, bare('unlabelled'))[0], 'inconclusive');
  assert.equal(
    verdictOf({}, (seen) => seen.filter(([, of]) => of?.['selector'] !== total))[0],
    'inconclusive',
  );
  assert.match(
    verdictOf({}, (seen) => seen.filter(([kind]) => kind !== 'recording-rule')).join(': '),
    /^inconclusive: .*is recorded by no rule of this server/,
  );
  const days = (count: number): number => START_MS - count * 86_400_000;
  assert.match(verdictOf({ firingSinceMs: days(40) }).join(': '), /^fail: .*fires for 40\.\d days/);
  assert.equal(verdictOf({ firingSinceMs: days(2) })[0], 'pass');
});

test('should want the alert in time, and not judge where nothing may be written', () => {
  const check = 'telemetry/alerts/fires';
  const goals = { arrivalSeconds: 60, endSeconds: 60 };
  const of = (kind: string, afterMs: number, state = 'active'): Seen[] => [
    ['breach', { t: 5_000 }],
    [kind, { t: 5_000 + afterMs, ...(kind === 'alert-arrived' && { state }) }],
    ['breach-ended', { t: 190_000 }],
    ['alert-ended', { t: 200_000 }],
  ];
  assert.equal(judged(check, of('alert-arrived', 12_000), { goals }).verdict, 'pass');
  assert.equal(judged(check, of('alert-arrived', 61_000), { goals }).verdict, 'fail');
  assert.equal(judged(check, of('alert-missing', 120_000), { goals }).verdict, 'fail');
  const isolated: Seen = ['canary-isolation', { policies: ['c/default-deny'] }];
  const denied = judged(check, [...of('alert-missing', 120_000), isolated], { goals });
  assert.equal(denied.verdict, 'inconclusive');
  assert.match(denied.reason, /NetworkPolicy c\/default-deny isolates the canaries/);
  const under = (ingress: string[]) => {
    const seen: Seen = ['canary-isolation', { policies: ['c/in', 'c/out'], egress: ['c/out'], ingress }];
    return judged(check, [...of('alert-missing', 120_000), seen], { goals });
  };
  assert.equal(under([]).verdict, 'fail', 'no policy keeps requests of Prometheus out');
  assert.match(under(['c/in']).reason, /NetworkPolicy c\/in isolates the canaries/);
  assert.equal(judged(check, of('alert-arrived', -1), { goals }).verdict, 'inconclusive');
  assert.equal(judged(check, of('alert-arrived', 12_000, 'suppressed'), { goals }).verdict, 'fail');
  for (const at of [0, 1, 2, 3])
    assert.equal(
      judged(check, of('alert-arrived', 12_000).toSpliced(at, 1), { goals }).verdict,
      'inconclusive',
    );
  assert.equal(judged(check, [['reads-only']], { goals }).verdict, 'not-run');
  const silent = judged(check, [['unavailable', { what: 'Alertmanager', reason: 'gone' }]], { goals });
  assert.match(silent.reason, /Alertmanager unavailable: gone/);
  assert.equal(silent.verdict, 'inconclusive');
});

test('should want data sources that answer and dashboards that a browser shows', () => {
  const check = 'telemetry/dashboards';
  const settings = { telemetry: { dashboards: { declared: [{ uid: 'slo', title: 'Goals' }] } } };
  const base: Seen[] = [
    ['dashboard-server', { server: 'Grafana', ok: true, detail: '12' }],
    ['dashboard', { uid: 'slo', found: true, panels: 3 }],
    ['data-sources'],
    ['data-source', { source: 'Prometheus', ok: true, detail: 'OK' }],
  ];
  const goals = SHARE;
  const shown = (errors: number, points: object[] = data(2, 2, 0)): Seen => [
    'rendered',
    { uid: 'slo', status: 200, panels: 3, errors, data: points },
  ];
  assert.equal(judged(check, [...base, shown(0)], { settings, goals }).verdict, 'pass');
  assert.equal(judged(check, [...base, shown(1)], { settings, goals }).verdict, 'fail');
  assert.equal(judged(check, base, { settings, goals }).verdict, 'inconclusive');
  for (const [points, verdict] of [
    [data(0, 0, 0), 'fail'],
    [data(2, 0, 0), 'inconclusive'],
    [[], 'inconclusive'],
    [[...data(0, 0, 0), { panel: null, points: 9 }], 'fail'],
    [[...data(0, 2, 2), { panel: '1', points: 2 }], 'pass'],
    [[{ panel: null, points: 2 }], 'pass'],
  ] as const)
    assert.equal(
      judged(check, [...base, shown(0, [...points])], { settings, goals }).verdict,
      verdict,
      JSON.stringify(points),
    );
  const empty = (query: string, of: { results?: number; lost?: string[] } = {}): Seen => [
    'empty-query',
    { query, results: 0, lost: [], ...of },
  ];
  const asking = (...asks: string[][]) => asks.map((one) => ({ panel: null, points: 0, asks: one }));
  for (const [points, seen, verdict] of [
    [asking(['a'], ['b']), [empty('a'), empty('b')], 'pass'],
    [asking(['a'], ['b']), [empty('a')], 'fail'],
    [asking(['a'], ['b']), [empty('a'), empty('b', { lost: ['n'] })], 'fail'],
    [asking(['a'], ['b']), [empty('a'), empty('b', { results: 1 })], 'fail'],
    [asking(['a', 'b']), [empty('a')], 'fail'],
    [asking(['a'], []), [empty('a')], 'pass'],
    [asking([], []), [], 'inconclusive'],
    [[...asking(['a']), { panel: null, points: null }], [], 'inconclusive'],
    [
      [
        { panel: '1', points: null },
        { panel: '1', points: 2 },
      ],
      [],
      'pass',
    ],
  ] as [object[], Seen[], string][]) {
    const { verdict: found, reason } = judged(check, [...base, ...seen, shown(0, points)], {
      settings,
      goals,
    });
    assert.equal(found, verdict, `${JSON.stringify([points, seen])}: ${reason}`);
  }
  for (const panels of [0, 1]) {
    const few: Seen = ['rendered', { uid: 'slo', status: 200, panels, errors: 0, data: [] }];
    const { verdict, reason } = judged(check, [...base, few], { settings, goals });
    assert.equal(verdict, 'inconclusive', 'a browser may be slow');
    assert.match(reason, new RegExp(`its 3 panels in a browser, seen ${panels} panels`));
  }
  const source: Seen = ['data-source', { source: 'Logs', ok: false, detail: 'no connection' }];
  assert.match(
    judged(check, [...base, shown(0), source], { settings, goals }).reason,
    /data source Logs.*no connection/,
  );
});

test('should not take a data source that cannot be asked for a broken one, and not know of any where none can', () => {
  const settings = { telemetry: { dashboards: { declared: [{ uid: 'slo', title: 'Goals' }] } } };
  const mute: Seen = [
    'data-source',
    { source: 'Alertmanager', ok: null, detail: 'Grafana cannot ask its health: Plugin unavailable' },
  ];
  const good: Seen = ['data-source', { source: 'Prometheus', ok: true, detail: 'OK' }];
  const having = (...sources: Seen[]) =>
    judged(
      'telemetry/dashboards',
      [
        ['dashboard-server', { server: 'Grafana', ok: true, detail: '12' }],
        ['data-sources'],
        ...sources,
        ['dashboard', { uid: 'slo', found: true, panels: 3 }],
        ['rendered', { uid: 'slo', status: 200, panels: 3, errors: 0, data: data(2) }],
      ],
      { settings, goals: SHARE },
    );
  const beside = having(good, mute);
  assert.equal(beside.verdict, 'pass');
  assert.match(beside.seen, /data source Alertmanager was not judged: Grafana cannot ask its health/);
  const alone = having(mute);
  assert.equal(alone.verdict, 'inconclusive');
  assert.match(alone.reason, /none of 1 could be asked: Alertmanager: .*Plugin unavailable/);
  assert.match(having().reason, /Grafana shows this account none/);
  const broken: Seen = ['data-source', { source: 'Logs', ok: false, detail: 'no connection' }];
  assert.equal(having(broken, mute).verdict, 'fail');
});

test('should not say that dashboards render where no browser is, and still see what is broken without one', () => {
  const check = 'telemetry/dashboards';
  const dashboards = { declared: [{ uid: 'slo', title: 'Goals' }], stubbed: true };
  const settings = { telemetry: { dashboards } };
  const seen: Seen[] = [
    ['dashboard-server', { server: 'Grafana', ok: true, detail: '12' }],
    ['dashboard', { uid: 'slo', found: true, panels: 3 }],
    ['data-sources'],
    ['data-source', { source: 'Prometheus', ok: true, detail: 'OK' }],
    ['unavailable', { what: 'a browser', reason: 'no browser is installed' }],
  ];
  const unavailable = judged(check, seen, { settings });
  assert.equal(unavailable.verdict, 'inconclusive');
  assert.match(unavailable.reason, /a browser unavailable: no browser is installed/);
  assert.deepEqual(
    unavailable.findings.map(({ subject, seen: said }) => [subject, said]),
    [['dashboard Goals (slo)', 'no browser has shown it']],
  );
  assert.match(unavailable.seen, /Grafana is a stand-in \(stubbed\)/);
  const source: Seen = ['data-source', { source: 'Logs', ok: false, detail: 'no connection' }];
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
