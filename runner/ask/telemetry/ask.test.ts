import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Series } from '../../../reports/record/telemetry/objective.ts';
import { loadEnvironment } from '../../../env/loader.ts';
import { standIn } from '../../../probes/signals/_testing/server.ts';
import type { Said } from '../../../probes/signals/_testing/server.ts';
import { askDashboards, askQueries, askRules, askSeries, askTargets, echoOf, known, lastOf } from './ask.ts';

const window = { fromMs: 880_000, toMs: 1_000_000 };
const series = (pod: string, ...atMs: number[]): Series => ({
  labels: { __name__: 'up', pod },
  points: atMs.map((at) => [at, 1]),
});

test('should take the last scrape of each series that is there, or of those that were lately', () => {
  const samples = [series('a', 990_000, 995_000), series('b', 960_000), series('gone', 900_000)];
  const there = lastOf({ now: [series('a', 0), series('b', 0)], samples, window });
  const last = { lastMs: [995_000, 960_000], everyMs: [0, 0] };
  assert.deepEqual(there, { ...last, goneMs: null });
  const gone = { lastMs: [], everyMs: [] };
  assert.deepEqual(lastOf({ now: [], samples, window }), { ...gone, goneMs: 995_000 });
  assert.deepEqual(lastOf({ now: [], samples: [], window }), { ...gone, goneMs: null });
});

test('should tell how often a series is scraped by its closest samples, so that a missing one makes no longer interval', () => {
  const slow = series('slow', 700_000, 760_000, 820_000, 940_000);
  const of = { samples: [slow, series('few', 1, 2)], window };
  const { everyMs } = lastOf({ ...of, now: [slow, series('few', 0)] });
  assert.deepEqual(everyMs, [60_000, 0]);
});

test('should not leave out a series that is there, and so old that the window has no sample of it', () => {
  const samples = [series('a', 995_000)];
  const now = [series('a', 0), series('old', 0)];
  assert.deepEqual(lastOf({ now, samples, window }).lastMs, [995_000, 880_000]);
});

test('should echo a selector with what a series has', () => {
  const labels = { __name__: 'up', job: 'a', pod: 'p' };
  for (const same of ['up', 'up{job="a"}', 'up{job="a",pod=~"p.*"}'])
    assert.equal(echoOf(same, labels), same);
  assert.equal(echoOf('up{job="b"}', labels), 'up{job="a"}');
  assert.equal(echoOf('down', labels), 'up');
});

const fresh = (health: string): boolean => health === 'unknown';

test('should wait for the first look of Prometheus at what was loaded just now', async () => {
  const answers = [
    ['unknown', 'unknown'],
    ['ok', 'unknown'],
    ['ok', 'err'],
  ];
  const look = (): Promise<string[]> => Promise.resolve(answers.shift() ?? []);
  const signal = AbortSignal.timeout(30_000);
  assert.deepEqual(await known(look, { fresh, timeoutMs: 30_000, signal }), ['ok', 'err']);
});

test('should tell what Prometheus never looks at as it is', async () => {
  const look = (): Promise<string[]> => Promise.resolve(['unknown']);
  const signal = AbortSignal.timeout(30_000);
  assert.deepEqual(await known(look, { fresh, timeoutMs: 0, signal }), ['unknown']);
});

const staging = await loadEnvironment('staging');

/** What is recorded and returned, where servers answer so. */
async function asked(
  ask: typeof askSeries,
  {
    answer,
    environment = {},
    queries = [],
  }: { answer: (path: string, query: string) => Said; environment?: object; queries?: string[] },
) {
  const server = await standIn(({ path, body }) =>
    answer(path, new URLSearchParams(typeof body === 'string' ? body : '').get('query') ?? ''),
  );
  const { telemetry } = staging;
  const dashboards = { kind: 'grafana', url: server.url, declared: [{ uid: 'slo', title: 'Goals' }] };
  const of = {
    stores: { secret: () => Promise.resolve(''), reread: () => Promise.resolve('') },
    environment: {
      ...staging,
      prometheus: { url: server.url, scrapeSeconds: 5 },
      telemetry: { ...telemetry, alerts: undefined, dashboards, required: { targets: [], series: ['h'] } },
      ...environment,
    },
  } as unknown as Parameters<typeof askSeries>[0];
  const seen: Record<string, unknown>[] = [];
  const { signal } = new AbortController();
  try {
    const result = await ask(of, { write: (one) => void seen.push({ ...one }), signal, labels: {}, queries });
    return { result, seen };
  } finally {
    await server.close();
  }
}

const success = (data: object): Said => ({ body: { status: 'success', data } });

test('should take a native histogram for as fresh as its last sample', async () => {
  const metric = { __name__: 'h', job: 'a' };
  const nowS = Date.now() / 1000;
  const scraped = [20, 15, 10, 5].map((agoS) => nowS - agoS);
  const { seen } = await asked(askSeries, {
    answer: (_path, query) => {
      if (query === 'time()')
        return success({ resultType: 'scalar', result: [Date.now() / 1000, String(Date.now() / 1000)] });
      if (query === 'h')
        return success({ resultType: 'vector', result: [{ metric, histogram: [nowS, {}] }] });
      return success({ resultType: 'matrix', result: [{ metric, histograms: scraped.map((t) => [t, {}]) }] });
    },
  });
  const { lastMs, everyMs } = seen.find(({ kind }) => kind === 'series-seen') ?? assert.fail('no series');
  assert.deepEqual([lastMs, everyMs], [[Math.round((nowS - 5) * 1000)], [5_000]]);
});

test('should wait until the pods of a workload are all scraped, and tell which job still lacks targets', async () => {
  const target = (at: string, health = 'up'): object => {
    return { labels: { job: 'api' }, scrapeUrl: `http://${at}/metrics`, health, lastError: '' };
  };
  const looked = async (looks: object[][], { settleSeconds = 30, leastTargets = {} } = {}) => {
    const { required, ...rest } = staging.telemetry ?? assert.fail();
    const { result, seen } = await asked(askTargets, {
      answer: () => success({ activeTargets: (looks.length > 1 ? looks.shift() : looks[0]) ?? [] }),
      environment: {
        telemetry: { ...rest, required: { ...required, targets: ['api'], leastTargets } },
        topology: { ...staging.topology, workloads: [{ name: 'api', replicas: { min: 2, max: 4 } }] },
        timeouts: { ...staging.timeouts, settle: { ...staging.timeouts.settle, seconds: settleSeconds } },
      },
    });
    return { lacking: result.lacking, urls: seen.flatMap(({ url = [] }) => url) };
  };
  const whole = [target('a'), target('b')];
  const found = await looked([[target('a')], [target('a'), target('old', 'down')], whole]);
  assert.deepEqual(found, { lacking: [], urls: ['http://a/metrics', 'http://b/metrics'] });
  assert.deepEqual((await looked([[target('a')]], { settleSeconds: 0 })).lacking, ['api']);
  const declared = await looked([[target('a')]], { settleSeconds: 0, leastTargets: { api: 1 } });
  assert.deepEqual(declared.lacking, []);
});

/** How many series each of several queries in one question finds. */
const counts = (question: string, of: (query: string) => number): Said => {
  const asked = [...question.matchAll(/label_replace\(count\((.*?)\n\), "of", "(\d+)", "", ""\)/g)];
  const result = asked.flatMap(([, query = '', at = '']) => {
    const value = of(query);
    return value === 0 ? [] : [{ metric: { of: at }, value: [1, String(value)] }];
  });
  return success({ resultType: 'vector', result });
};

test('should follow what alerts select to the rules that record it, and count what is there', async () => {
  const activeAt = ['2026-11-02T00:00:00Z', '2026-11-01T00:00:00Z', '2026-10-01T00:00:00Z'];
  const states = ['firing', 'firing', 'pending'];
  const alerting = {
    type: 'alerting',
    name: 'Burns',
    query: 'bad:1h{objective="a"} > 1',
    health: 'ok',
    alerts: activeAt.map((at, index) => ({ state: states[index], activeAt: at, labels: {}, value: '1' })),
  };
  const recording = (objective: string, query: string): object => {
    return { type: 'recording', name: 'bad:1h', query, health: 'ok', labels: { objective } };
  };
  const sources = 'n / (gone{job="x"} + seldom + other_total + n{cod="5"} + n{code="5"} or vector(0))';
  const rules = [recording('a', sources), recording('b', 'd'), alerting];
  const looks: string[] = [];
  const { seen } = await asked(askRules, {
    answer: (path, question) => {
      if (path === '/api/v1/rules') return success({ groups: [{ name: 'a', file: 'f', rules }] });
      if (path === '/api/v1/alertmanagers') return success({ activeAlertmanagers: [{ url: 'http://m' }] });
      if (path.startsWith('/api/v1/metadata')) return success({ other: [{ type: 'counter', help: '' }] });
      looks.push(question);
      return counts(question, (query) => {
        // Recorded once there are two samples of its sources.
        if (query.startsWith('bad:1h')) return looks.length === 1 ? 0 : 2;
        if (/^(?:n|\{__name__="n"\}|\{__name__="n",code!=""\})$/.test(query)) return 3;
        return query.startsWith('last_over_time(seldom') ? 2 : 0;
      });
    },
    environment: { objectives: [{ name: 'a' }] },
  });
  assert.deepEqual(
    seen.filter(({ kind }) => kind === 'rule-group').flatMap(({ alerting: one }) => one),
    [
      {
        rule: 'Burns',
        query: alerting.query,
        health: 'ok',
        lastError: null,
        firingSinceMs: Date.parse('2026-11-01T00:00:00Z'),
      },
    ],
  );
  assert.deepEqual(
    seen.filter(({ kind }) => kind === 'recording-rule').map(({ labels }) => labels),
    [{ objective: 'a' }],
  );
  assert.deepEqual(
    seen.filter(({ kind }) => kind === 'rule-selector').map(({ kind: _, ...found }) => Object.values(found)),
    [
      ['bad:1h{objective="a"}', 2, 2, 'there'],
      ['n', 3, 3, 'there'],
      ['gone{job="x"}', 0, 0, 'unknown'],
      ['seldom', 0, 2, 'unknown'],
      ['other_total', 0, 0, 'described'],
      ['n{cod="5"}', 0, 0, 'unlabelled'],
      ['n{code="5"}', 0, 0, 'there'],
    ],
  );
  assert.match(looks.at(-1) ?? '', /count\(\{__name__="gone",job="x"\}\n/);
  assert.equal(looks.length, 3, 'two looks, and a question for all that is missing');
  assert.doesNotMatch(looks[1] ?? '', /count\(n\n/, 'what was found is not asked for again');
});

test('should not wait for what rules record of a service that nobody asks, and not take a server that describes no metric for one without it', async () => {
  const rules = [
    { type: 'recording', name: 'bad:1h', query: 'n{code="5"} / n', health: 'ok', labels: {} },
    { type: 'alerting', name: 'Burns', query: 'bad:1h > 1', health: 'ok' },
  ];
  for (const metadata of [success({}), { status: 403, body: 'forbidden' }]) {
    const startedMs = performance.now();
    const { seen } = await asked(askRules, {
      answer: (path, question) => {
        if (path === '/api/v1/rules') return success({ groups: [{ name: 'a', file: 'f', rules }] });
        if (path === '/api/v1/alertmanagers') return success({ activeAlertmanagers: [] });
        return path.startsWith('/api/v1/metadata') ? metadata : counts(question, () => 0);
      },
      environment: { objectives: [{ name: 'a' }] },
    });
    const found = seen.filter(({ kind }) => kind === 'rule-selector');
    assert.deepEqual(
      found.map(({ metric }) => metric),
      ['untold', 'untold', 'untold'],
    );
    assert.equal(seen.at(-1)?.['kind'], 'alertmanagers');
    assert.ok(performance.now() - startedMs < 10_000, 'far less than timeouts.prometheusFirst');
  }
});

test('should record the rules of a server that does not tell who receives its alerts', async () => {
  const rule = { type: 'alerting', name: 'Burns', query: 'up == 0', health: 'ok' };
  const objectives = [{ name: 'api-requests' }];
  const { seen } = await asked(askRules, {
    answer: (path) => {
      if (path === '/api/v1/rules')
        return success({ groups: [{ name: 'api-requests', file: 'f', rules: [rule] }] });
      if (path === '/api/v1/status/buildinfo') return success({ application: 'Grafana Mimir' });
      if (path === '/api/v1/query') return success({ resultType: 'vector', result: [] });
      return { status: 404, body: '404 page not found' };
    },
    environment: { objectives },
  });
  assert.deepEqual(
    seen.map(({ kind, urls }) => [kind, urls]),
    [
      ['rule-group', undefined],
      ['rule-selector', undefined],
      ['alertmanagers', null],
    ],
  );
});

test('should hand on how many panels a dashboard shows, for who looks at it', async () => {
  const panels = [{ type: 'graph' }, { type: 'row', collapsed: true, panels: [{ type: 'graph' }] }];
  const { result } = await asked(askDashboards, {
    answer: (path) => {
      if (path.startsWith('/api/dashboards')) return { body: { dashboard: { panels } } };
      return { body: path === '/api/health' ? { database: 'ok' } : [] };
    },
  });
  assert.deepEqual(result.panels, { slo: 1 });
});

test('should ask Prometheus again what gave panels no data, and leave out what it does not answer', async () => {
  const queries = ['rate(n{code="5"}[$__rate_interval])', 'gone > 1', 'n > 1', 'no promql', 'broken'];
  const { seen } = await asked(askQueries, {
    queries,
    answer: (path, question) => {
      if (path.startsWith('/api/v1/metadata')) return success({});
      if (question.includes('broken')) return { status: 503, body: '' };
      return counts(question, (query) => (/^(?:n|n > 1|\{__name__="n".*)$/.test(query) ? 2 : 0));
    },
  });
  assert.deepEqual(seen, [
    { kind: 'empty-query', query: queries[0], results: 0, lost: [] },
    { kind: 'empty-query', query: 'gone > 1', results: 0, lost: ['gone'] },
    { kind: 'empty-query', query: 'n > 1', results: 2, lost: [] },
  ]);
});
