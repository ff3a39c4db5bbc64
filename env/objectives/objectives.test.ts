import assert from 'node:assert/strict';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import { objectiveSchema } from '../../reports/record/objective.ts';
import { EnvironmentError, renderProblem } from '../errors.ts';
import { loadEnvironment } from '../loader.ts';
import { settingsFor } from '../../suites/catalogue/plan/settings.ts';
import { durationMs, parseObjective, readObjectives, windowBounds } from './index.ts';

const FOLDER = import.meta.dirname;
const GOOD = await readFile(path.join(FOLDER, 'api-availability.yaml'), 'utf8');

function problemsOf(before: string | RegExp, after: string): string[] {
  const text = GOOD.replace(before, after);
  assert.notEqual(text, GOOD, `${String(before)} is not in the document`);
  return problemsWhen(() => parseObjective(text, 'env/objectives/api-availability.yaml'));
}

function problemsWhen(run: () => unknown): string[] {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof EnvironmentError);
    return error.problems.map(renderProblem);
  }
  return [];
}

const lineOf = (text: string): number => GOOD.slice(0, GOOD.indexOf(text)).split('\n').length;

describe('the documents of env/objectives', () => {
  it('should all be read, each named like its file', () => {
    const found = readObjectives(FOLDER).documents;
    assert.deepEqual(
      [...found.keys()],
      ['ai-latency', 'api-availability', 'api-latency', 'api-requests', 'api-throughput', 'edge-requests'],
    );
    const methods = [...found.values()].map(({ spec }) => spec.budgetingMethod);
    assert.deepEqual(new Set(methods), new Set(['Occurrences', 'Timeslices']));
  });

  it('should only name metrics and labels that the platform has', () => {
    for (const { spec } of readObjectives(FOLDER).documents.values()) {
      const text = JSON.stringify(spec.indicator);
      for (const [, metric] of text.matchAll(/\b([a-z_]+)\{/g))
        assert.match(
          metric ?? '',
          /^(http_request_duration_seconds_(count|bucket|sum)|gateway_(requests|failures)_total)$/,
        );
      for (const [, label] of text.matchAll(/[{,](\w+)(?:=|!~|=~)/g))
        assert.ok(['job', 'method', 'route', 'status', 'le'].includes(label ?? ''), label);
    }
  });
});

describe('ai-latency', () => {
  it('should count what the histogram counts, and guess at no quantile', () => {
    const { indicator, objectives } = readObjectives(FOLDER).documents.get('ai-latency')?.spec ?? {};
    assert.match(
      indicator?.spec.ratioMetric?.good?.metricSource.spec.query ?? '',
      /_bucket\{.*,le=~"3\|3\[\.\]0"\}$/,
    );
    assert.deepEqual(objectives, [{ target: 0.99, timeSliceTarget: 0.95, timeSliceWindow: '1m' }]);
  });
});

describe('parseObjective', () => {
  it('should name the place, what was found and what is allowed', () => {
    assert.deepEqual(problemsOf('budgetingMethod: Timeslices', 'budgetingMethod: Timeslice'), [
      `env/objectives/api-availability.yaml:${lineOf('budgetingMethod')}:20: spec.budgetingMethod: unknown value; found "Timeslice"; allowed: Occurrences, Timeslices`,
    ]);
    assert.match(
      String(problemsOf('target: 0.999', 'target: 99.9')),
      /out of range; found 99\.9; allowed: less than 1/,
    );
    assert.match(
      String(problemsOf('kind: SLO', 'kind: Service')),
      /kind: unknown value; found "Service"; allowed: SLO/,
    );
  });

  it('should refuse unknown keys, with what may have been meant', () => {
    const [problem] = problemsOf('timeSliceWindow: 1m', 'timeSliceWIndow: 1m');
    assert.match(
      String(problem),
      /unknown key; found "timeSliceWIndow" \(did you mean "timeSliceWindow"\?\)/,
    );
    assert.match(
      String(problemsOf('  service:', '  alertPolicies: []\n  service:')),
      /unknown key; found "alertPolicies"/,
    );
  });

  it('should refuse what does not fit together', () => {
    for (const [before, after, reason] of [
      [/timeSliceTarget: 0.99, /, '', /Timeslices needs timeSliceTarget and timeSliceWindow/],
      ['Timeslices', 'Occurrences', /Occurrences has no timeSliceTarget/],
      ['{ target: 0.999', '{ op: lte, value: 1, target: 0.999', /a ratioMetric has no op/],
      ['{ target: 0.999', '{ target: 0.999, targetPercent: 99.9', /exactly one of target and targetPercent/],
      [/ {8}bad:[^]*?(?= {8}total:)/, '', /exactly one of good and bad is required/],
      ['isRolling: true', 'isRolling: false', /needs a calendar/],
      ['duration: 30d', 'duration: 1M', /the duration of a rolling window is in m, h, d or w/],
      ['duration: 30d', 'duration: 30 days', /a duration such as/],
      [
        'isRolling: true',
        "isRolling: false, calendar: { startTime: '2026-01-01 00:00:00', timeZone: Mars }",
        /a time zone/,
      ],
      ['name: api-availability', 'name: other', /differs from the name of the file/],
      ['spec:', 'spec: [', /not valid YAML/],
    ] as const)
      assert.match(String(problemsOf(before, after)), reason);
  });
});

describe('an environment with objectives', () => {
  it('should hold those that it names, assumed, over the run in a local one', async () => {
    const local = await loadEnvironment('local-small');
    assert.deepEqual(
      local.objectives.map(({ name, window, status }) => [name, window.kind, status]),
      ['api-requests', 'edge-requests', 'api-latency'].map((name) => [name, 'run', 'assumed']),
    );
    objectiveSchema.array().parse(local.objectives);
    const staging = await loadEnvironment('staging');
    assert.deepEqual(staging.objectives[0]?.window, { kind: 'rolling', ms: durationMs('30d') });
    assert.deepEqual(staging.objectives[0].slice, { target: 0.99, ms: 60_000 });
  });

  it('false verdict 6: requests that the edge could not hand over are counted at the edge', async () => {
    for (const name of ['local', 'local-small']) {
      const { objectives } = await loadEnvironment(name);
      const { indicator } = objectives.find((one) => one.name === 'edge-requests') ?? {};
      assert.ok(indicator?.kind === 'ratio', name);
      assert.deepEqual(
        [indicator.bad, indicator.total],
        ['gateway_failures_total{job="gateway"}', 'gateway_requests_total{job="gateway"}'],
      );
    }
  });

  it('should give the budget check its objectives and the address, and no secret', async () => {
    const settings = settingsFor('performance/budget', await loadEnvironment('staging'));
    assert.equal((settings['objectives'] as unknown[]).length, 4);
    assert.deepEqual(settings['prometheus'], {
      url: 'https://prometheus.staging.example.com',
      trust: 'system',
      scrapeSeconds: 15,
    });
  });

  it('should put its target, threshold and window in, and refuse what cannot be', async (context) => {
    const root = await mkdtemp(path.join(tmpdir(), 'plumbline-'));
    context.after(() => rm(root, { recursive: true }));
    await mkdir(path.join(root, 'env', 'objectives'), { recursive: true });
    for (const name of ['api-availability', 'api-throughput'])
      await writeFile(
        path.join(root, 'env', 'objectives', `${name}.yaml`),
        await readFile(path.join(FOLDER, `${name}.yaml`), 'utf8'),
      );
    await cp(path.join(FOLDER, '../base'), path.join(root, 'env/base'), { recursive: true });
    const staging = await readFile(path.join(FOLDER, '..', 'staging.yaml'), 'utf8');
    const load = async (objectives: string) => {
      const text = `${staging}\nobjectives:\n${objectives}\n`;
      await writeFile(path.join(root, 'env', 'staging.yaml'), text);
      return (await loadEnvironment('staging', { checkoutDir: root })).objectives;
    };
    const [own] = await load(
      '  - { name: api-throughput, status: confirmed, by: A, target: 0.9, value: 2, window: 7d }',
    );
    assert.deepEqual(
      [own?.target, own?.status, own?.window],
      [0.9, 'confirmed', { kind: 'rolling', ms: 604_800_000 }],
    );
    assert.equal(own?.indicator.kind === 'threshold' && own.indicator.value, 2);
    for (const [objectives, reason] of [
      [
        '  - { name: api-throughptu }',
        /objectives\[0\]\.name: no such objective; found "api-throughptu" \(did you mean "api-throughput"\?\); allowed: api-availability, api-throughput/,
      ],
      [
        '  - { name: api-throughput }\n  - { name: api-throughput }',
        /objectives\[1\]\.name: this objective is named twice/,
      ],
      ['  - { name: api-availability, value: 3 }', /objectives\[0\]\.value: a ratio has no threshold/],
      ['  - { name: api-throughput, target: 99 }', /allowed: less than 1/],
      ['  - { name: api-throughput, window: 1M }', /a duration such as 30d/],
    ] as const)
      await assert.rejects(load(objectives), (error: Error) => {
        assert.ok(error instanceof EnvironmentError);
        assert.match(error.message, reason);
        return true;
      });
  });
});

describe('windowBounds', () => {
  const at = (text: string): number => Date.parse(text);
  const calendar = (duration: string, timeZone = 'UTC', startTime = '2026-01-01 00:00:00') =>
    ({ kind: 'calendar', duration, startTime, timeZone }) as const;

  it('should begin with the run, or a length ago', () => {
    assert.deepEqual(windowBounds({ kind: 'run' }, 500, 100), { fromMs: 100, toMs: 500, endMs: 500 });
    assert.deepEqual(windowBounds({ kind: 'rolling', ms: 300 }, 500, 0), {
      fromMs: 200,
      toMs: 500,
      endMs: 500,
    });
  });

  it('should find the period of the calendar, whatever the clocks do', () => {
    const from = (window: ReturnType<typeof calendar>, now: string): string =>
      new Date(windowBounds(window, at(now), 0).fromMs).toISOString();
    assert.equal(from(calendar('1M'), '2026-03-15T12:00:00Z'), '2026-03-01T00:00:00.000Z');
    assert.equal(from(calendar('1Q'), '2026-12-31T23:59:59Z'), '2026-10-01T00:00:00.000Z');
    assert.equal(from(calendar('1Y'), '2028-02-29T00:00:00Z'), '2028-01-01T00:00:00.000Z');
    assert.equal(from(calendar('1w'), '2026-01-08T00:00:00Z'), '2026-01-08T00:00:00.000Z');
    assert.equal(from(calendar('1M', 'Europe/Berlin'), '2026-04-10T00:00:00Z'), '2026-03-31T22:00:00.000Z');
    assert.equal(from(calendar('1d', 'Europe/Berlin'), '2026-03-29T12:00:00Z'), '2026-03-28T23:00:00.000Z');
    assert.equal(
      from(calendar('1M', 'UTC', '2026-01-31 00:00:00'), '2026-03-01T00:00:00Z'),
      '2026-02-28T00:00:00.000Z',
    );
    assert.equal(from(calendar('1M'), '2025-11-02T00:00:00Z'), '2025-11-01T00:00:00.000Z');
    const { toMs, endMs } = windowBounds(calendar('1M', 'Europe/Berlin'), at('2026-03-15T12:00:00Z'), 0);
    assert.deepEqual([toMs, endMs], [at('2026-03-15T12:00:00Z'), at('2026-03-31T22:00:00Z')]);
  });

  const period = (duration: string, startTime: string, now: string, timeZone = 'UTC'): string[] => {
    const { fromMs, endMs } = windowBounds(
      calendar(duration, timeZone, `${startTime} 00:00:00`),
      at(`${now}:00Z`),
      0,
    );
    return [fromMs, endMs].map((ms) => new Date(ms).toISOString().slice(0, 16));
  };
  const day = (date: string): string => `${date}T00:00`;

  it('should count days and weeks on over the ends of months', () => {
    for (const [duration, startTime, now, from, end] of [
      ['4w', '2026-02-02', '2026-03-15T00:00', '2026-03-02', '2026-03-30'],
      ['4w', '2026-11-03', '2026-12-15T00:00', '2026-12-01', '2026-12-29'],
      ['30d', '2026-11-01', '2026-12-15T00:00', '2026-12-01', '2026-12-31'],
      ['1w', '2026-02-02', '2026-03-03T00:00', '2026-03-02', '2026-03-09'],
      ['1d', '2026-11-01', '2026-12-01T12:00', '2026-12-01', '2026-12-02'],
      ['1d', '2026-01-31', '2026-02-28T12:00', '2026-02-28', '2026-03-01'],
    ] as const)
      assert.deepEqual(period(duration, startTime, now), [day(from), day(end)], `${duration} ${startTime}`);
    // Clocks go forward on 29 March: four weeks less an hour.
    assert.deepEqual(period('4w', '2026-02-02', '2026-03-15T00:00', 'Europe/Berlin'), [
      '2026-03-01T23:00',
      '2026-03-29T22:00',
    ]);
  });

  it('should take the last day of a month without the day, in months, quarters and years alone', () => {
    assert.deepEqual(period('1M', '2026-01-31', '2026-04-30T12:00'), [day('2026-04-30'), day('2026-05-31')]);
    assert.deepEqual(period('1Q', '2026-08-31', '2026-12-01T00:00'), [day('2026-11-30'), day('2027-02-28')]);
    assert.deepEqual(period('1Y', '2024-02-29', '2026-12-01T00:00'), [day('2026-02-28'), day('2027-02-28')]);
  });

  it('should find the period that a moment before the start lies in', () => {
    assert.deepEqual(period('1M', '2027-12-01', '2026-12-01T12:00'), [day('2026-12-01'), day('2027-01-01')]);
    assert.deepEqual(period('1d', '2027-12-01', '2026-12-01T12:00'), [day('2026-12-01'), day('2026-12-02')]);
    assert.deepEqual(period('4w', '2027-03-01', '2026-12-01T12:00'), [day('2026-11-09'), day('2026-12-07')]);
    assert.deepEqual(period('1w', '2027-11-01', '2026-03-25T00:00', 'Europe/Berlin'), [
      '2026-03-22T23:00',
      '2026-03-29T22:00',
    ]);
  });
});
