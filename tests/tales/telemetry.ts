import type { History, Observation } from '../../reports/record/history/history.ts';
import type { Bend, Tale } from './tale.ts';
import { all, changed, headed, seen } from './tale.ts';

const sweptLater = (ms: number) =>
  all(
    changed('swept', ({ t }) => ({ t: t + ms })),
    changed('end', ({ t }) => ({ t: t + ms })),
  );

const seenLater = (ms: number, by: (index: number) => boolean) => (history: History) =>
  all(
    changed('line', ({ t, seenMs }, index) => (by(index) ? { t: t + ms, seenMs: seenMs + ms } : {})),
    sweptLater(ms),
  )(history);

const older = (ms: number) =>
  changed('series-seen', ({ lastMs }) => ({ lastMs: lastMs.map((one) => one - ms) }));

const tracesLater = (ms: number) =>
  changed('trace', ({ t, seenMs, unseenMs }) => ({
    t: t + ms,
    ...(seenMs !== null && { seenMs: seenMs + ms }),
    ...(unseenMs !== null && { unseenMs: unseenMs + ms }),
  }));

const FIRES = 'telemetry/alerts/fires';
const CORRELATION = 'telemetry/correlation';
const LINES = 'telemetry/logs/canary';
const TRACES = ['canary', 'complete', 'under-fault'].map((name) => `telemetry/traces/${name}`);

const METRICS = ['telemetry/metrics/targets', 'telemetry/metrics/series'] as const;
const WORKLOAD = 'tender-api';

/** One target of the workload is left. */
const one: Bend = (history) => {
  let count = 0;
  const isTargets = history.header.check === METRICS[0];
  return isTargets
    ? changed('scrape-target', ({ job }) => (job === WORKLOAD && count++ > 0 ? null : {}))(history)
    : changed('series-seen', ({ lastMs, everyMs }) => ({
        lastMs: lastMs.slice(0, 1),
        everyMs: everyMs.slice(0, 1),
      }))(history);
};

const rolling =
  (is: boolean | null): Bend =>
  (history) =>
    seen({ kind: 'scraped-workload', job: WORKLOAD, rolling: is, t: history.observations.at(-1)?.t ?? 0 })(
      history,
    );

const declaring = (targets: number): Bend =>
  headed(({ settings }) => {
    const { required = { targets: [], series: [] } } = settings.telemetry ?? {};
    const leastTargets = { [WORKLOAD]: targets };
    return {
      settings: {
        ...settings,
        telemetry: { ...settings.telemetry, required: { ...required, leastTargets } },
      },
    };
  });

/** The model takes so long that what it writes comes this much later, in order of the requests. */
const MODEL_MS = 45_000;

/** Spans of the model. @param times when one began, and how long it took */
const ofModel = (times: (startMs: number) => [number, number | null]) =>
  changed('trace', ({ spans }) => ({
    spans: spans.map((one): (typeof spans)[number] => {
      const [id, parent, service, name, startMs] = one;
      return service === 'tender-ai' ? [id, parent, service, name, ...times(startMs)] : one;
    }),
  }));

const thrice = (history: History): History => ({
  ...history,
  observations: history.observations.flatMap((seen): Observation[] =>
    seen.kind === 'line' || seen.kind === 'request-line' ? [seen, { ...seen }, { ...seen }] : [seen],
  ),
});

const oneSpans = (history: History): History => {
  const first = history.observations.find((seen) => seen.kind === 'trace');
  const spans = first?.kind === 'trace' ? first.spans : [];
  return changed('trace', () => ({ spans }))(history);
};

const LIES: readonly Tale[] = [
  {
    number: 28,
    check: FIRES,
    says: 'the alert arrives silenced',
    must: 'fail',
    rule: 'notifies',
    bend: changed('alert-arrived', () => ({ state: 'suppressed' })),
  },
  {
    check: FIRES,
    says: 'the alert is in a state that no release of Alertmanager knows',
    must: 'inconclusive',
    rule: 'notifies',
    bend: changed('alert-arrived', () => ({ state: 'muted' })),
  },
  {
    number: 56,
    check: FIRES,
    says: 'the alert ends only five minutes after the breach',
    must: 'fail',
    rule: 'ending',
    bend: all(
      changed('alert-ended', ({ t }) => ({ t: t + 300_000 })),
      changed('end', ({ t }) => ({ t: t + 300_000 })),
    ),
  },
  {
    number: 31,
    check: 'telemetry/metrics/targets',
    says: 'one pod of each workload is scraped',
    must: 'fail',
    rule: 'targets',
    bend: (history) => {
      const told = new Set<string>();
      return changed('scrape-target', ({ job }) => (told.has(job) ? null : (told.add(job), {})))(history);
    },
  },
  {
    check: 'telemetry/metrics/targets',
    says: 'the same pod is scraped twice, the other not at all',
    must: 'fail',
    rule: 'targets',
    bend: changed('scrape-target', ({ job }) => ({ url: `http://${job}:8080/metrics` })),
  },
  {
    number: 31,
    check: 'telemetry/metrics/series',
    says: 'one pod of the workload is scraped',
    must: 'fail',
    rule: 'series',
    bend: changed('series-seen', ({ lastMs, everyMs }) => ({
      lastMs: lastMs.slice(0, 1),
      everyMs: everyMs.slice(0, 1),
    })),
  },
  ...METRICS.flatMap((check): Tale[] => [
    {
      check,
      says: 'one of the pods is scraped, and none comes or goes',
      must: 'fail',
      bend: all(one, rolling(false)),
    },
    {
      check,
      says: 'there are fewer targets than are declared',
      must: 'fail',
      bend: declaring(9),
    },
    {
      check,
      says: 'the workload is rolled out, and its new pod is not scraped yet',
      must: 'inconclusive',
      bend: all(one, rolling(true)),
    },
    {
      check,
      says: 'one of the pods is scraped, and nobody may look at the workload',
      must: 'inconclusive',
      bend: all(one, rolling(null)),
    },
  ]),
  ...TRACES.map((check) => ({
    number: 52,
    check,
    says: 'all traces are the very same spans',
    must: 'fail' as const,
    rule: 'own-spans',
    bend: oneSpans,
  })),
  {
    number: 54,
    check: LINES,
    says: 'each line is stored three times',
    must: 'fail',
    rule: 'duplicates',
    bend: thrice,
  },
  {
    number: 54,
    check: CORRELATION,
    says: 'each line is stored three times',
    must: 'fail',
    rule: 'duplicates',
    bend: thrice,
  },
  {
    number: 55,
    check: 'telemetry/logs/every-workload',
    says: 'nobody wrote for 30 minutes, and old lines are there',
    must: 'inconclusive',
    rule: 'lately',
    bend: changed('recent', () => ({ written: 'earlier' as const })),
  },
  {
    number: 57,
    check: LINES,
    says: 'half of the lines came after 58 s, while the wall clock was set back',
    must: 'fail',
    rule: 'lines',
    bend: all(
      changed('line', ({ t }, index) => (index % 2 === 0 ? { t: t + 56_000 } : {})),
      sweptLater(56_000),
    ),
  },
  {
    check: LINES,
    says: 'half of the lines came after 58 s',
    must: 'fail',
    rule: 'lines',
    bend: seenLater(56_000, (index) => index % 2 === 0),
  },
  {
    check: CORRELATION,
    says: 'every third line came 50 s after it was written',
    must: 'fail',
    rule: 'arrival',
    bend: all(
      changed('request-line', ({ t, seenMs }, index) =>
        index % 3 === 0 ? { t: t + 50_000, seenMs: seenMs + 50_000 } : {},
      ),
      sweptLater(50_000),
    ),
  },
  {
    check: 'telemetry/metrics/targets',
    says: 'each target is down',
    must: 'fail',
    rule: 'targets',
    bend: changed('scrape-target', () => ({ health: 'down' as const, lastError: 'connection refused' })),
  },
  {
    check: 'telemetry/metrics/freshness',
    says: 'the last samples are five minutes old',
    must: 'fail',
    bend: older(300_000),
  },
  {
    check: 'telemetry/logs/every-workload',
    says: 'none of the lines of one container is in the store',
    must: 'fail',
    rule: 'lines',
    bend: changed('recent', ({ written, lines }) =>
      written === 'lately' && lines > 0 ? { found: 0, missing: 'line 1' } : {},
    ),
  },
  ...TRACES.flatMap((check): Tale[] => [
    {
      check,
      says: 'the model takes 10 s a job in one span, and traces come 50 s after that',
      must: 'fail',
      bend: all(
        tracesLater(60_000),
        ofModel((startMs) => [startMs, 10_000]),
        sweptLater(60_000),
      ),
    },
    {
      check,
      says: 'each trace comes 50 s after its request, and has a span that is said to have ended after it was seen',
      must: 'inconclusive',
      bend: all(
        tracesLater(50_000),
        ofModel((startMs) => [startMs, 500_000]),
        sweptLater(50_000),
      ),
    },
  ]),
  ...TRACES.map((check) => ({
    check,
    says: 'each trace comes 50 s after its request',
    must: 'fail' as const,
    rule: 'traces',
    bend: all(tracesLater(50_000), sweptLater(50_000)),
  })),
];

const TRUTHS: readonly Tale[] = [
  {
    number: 53,
    check: 'telemetry/traces/complete',
    says: 'canaries are sampled by force, which is said',
    must: 'pass',
    bend: (history) => history,
  },
  {
    number: 68,
    check: CORRELATION,
    says: 'the model takes 45 s a job',
    must: 'pass',
    bend: all(
      changed('request-line', ({ t, seenMs, atMs, service }) =>
        service === 'tender-ai' ? { t: t + MODEL_MS, seenMs: seenMs + MODEL_MS, atMs: atMs + MODEL_MS } : {},
      ),
      sweptLater(MODEL_MS),
    ),
  },
  ...TRACES.flatMap((check): Tale[] => [
    {
      number: 68,
      check,
      says: 'the model takes 45 s a job, and what it does afterwards has spans of its own',
      must: 'pass',
      bend: all(
        tracesLater(MODEL_MS),
        ofModel((startMs) => [startMs + MODEL_MS, null]),
        sweptLater(MODEL_MS),
      ),
    },
    {
      number: 68,
      check,
      says: 'the model takes 45 s a job, in one span',
      must: 'pass',
      bend: all(
        tracesLater(MODEL_MS),
        ofModel((startMs) => [startMs, MODEL_MS]),
        sweptLater(MODEL_MS),
      ),
    },
  ]),
  {
    number: 70,
    check: LINES,
    says: 'an autoscaler takes a node away while its lines are written',
    must: 'inconclusive',
    bend: all(
      changed('line', ({ node, n }) => (node === 'worker-3' && (n ?? 0) > 100 ? null : {})),
      changed('disk', ({ node }) => (node === 'worker-3' ? null : {})),
      changed('disks-read', ({ count }) => ({ count: count - 1 })),
      changed('shipper', ({ node }) => (node === 'worker-3' ? null : {})),
    ),
  },
  {
    number: 76,
    check: LINES,
    says: "the runner's wall clock steps 40 s forward",
    must: 'pass',
    bend: changed('line', ({ seenMs }, index) => (index < 400 ? {} : { seenMs: seenMs + 40_000 })),
  },
  {
    check: LINES,
    says: 'a shipper that sends at least once sends a few lines twice',
    must: 'pass',
    bend: (history) => ({
      ...history,
      observations: history.observations.flatMap((seen, index): Observation[] =>
        seen.kind === 'line' && index % 100 === 0 ? [seen, { ...seen }] : [seen],
      ),
    }),
  },
  {
    check: FIRES,
    says: 'the alert ends 40 s after the breach, as where a scrape is every 30 s',
    must: 'pass',
    bend: all(
      changed('alert-ended', ({ t }) => ({ t: t + 40_000 })),
      changed('end', ({ t }) => ({ t: t + 40_000 })),
    ),
  },
  {
    check: 'telemetry/metrics/targets',
    says: 'an autoscaler has added a pod to each workload',
    must: 'pass',
    bend: (history) => ({
      ...history,
      observations: history.observations.flatMap((seen): Observation[] =>
        seen.kind === 'scrape-target' ? [seen, { ...seen, url: `${seen.url}?another` }] : [seen],
      ),
    }),
  },
  {
    check: 'telemetry/metrics/series',
    says: 'only one pod has had requests',
    must: 'pass',
    bend: changed('series-seen', ({ selector, lastMs, everyMs }) =>
      selector.startsWith('http_') ? { lastMs: lastMs.slice(0, 1), everyMs: everyMs.slice(0, 1) } : {},
    ),
  },
  ...METRICS.map((check): Tale => ({
    check,
    says: 'the pods are scraped through their Service, as is declared',
    must: 'pass',
    bend: all(one, declaring(1)),
  })),
  {
    check: 'telemetry/metrics/freshness',
    says: 'one scrape was missed',
    must: 'pass',
    bend: older(5_000),
  },
  {
    check: 'telemetry/logs/every-workload',
    says: 'most containers wrote nothing lately',
    must: 'pass',
    bend: (history) => {
      let isFirst = true;
      return changed('recent', ({ written, lines }) => {
        if (written !== 'lately' || lines === 0) return {};
        const keep = isFirst;
        isFirst = false;
        return keep ? {} : { written: 'earlier' as const };
      })(history);
    },
  },
  ...TRACES.map((check) => ({
    number: 76,
    check,
    says: "the runner's wall clock steps 40 s forward",
    must: 'pass' as const,
    bend: changed('trace', ({ seenMs, unseenMs }, index) =>
      index < 20
        ? {}
        : {
            ...(seenMs !== null && { seenMs: seenMs + 40_000 }),
            ...(unseenMs !== null && { unseenMs: unseenMs + 40_000 }),
          },
    ),
  })),
  {
    check: CORRELATION,
    says: "the clock of a service's node is 90 s ahead",
    must: 'pass',
    bend: changed('request-line', ({ service, atMs }) =>
      service === 'tender-ai' ? { atMs: atMs + 90_000 } : {},
    ),
  },
];

export const TALES: readonly Tale[] = [...LIES, ...TRUTHS];
