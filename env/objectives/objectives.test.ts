import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { objectiveSchema } from '../../reports/record/telemetry/objective.ts';
import { loadEnvironment } from '../loader.ts';
import { settingsFor } from '../../suites/catalogue/plan/settings.ts';
import { durationMs, windowMs } from './index.ts';

describe('an environment with objectives', () => {
  it('should hold those that it states, assumed, over the run in a local one', async () => {
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

  it('should only name metrics and labels that the platform has', async () => {
    const { objectives } = await loadEnvironment('staging');
    assert.equal(objectives.length, 4);
    for (const { indicator } of [...objectives, ...(await loadEnvironment('local')).objectives]) {
      const text = JSON.stringify(indicator);
      for (const [, metric] of text.matchAll(/\b([a-z_]+)\{/g))
        assert.match(
          metric ?? '',
          /^(http_request_duration_seconds_(count|bucket)|gateway_(requests|failures)_total)$/,
        );
      for (const [, label] of text.matchAll(/[{,](\w+)(?:=|!~|=~)/g))
        assert.ok(['job', 'method', 'route', 'status', 'le'].includes(label ?? ''), label);
    }
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

  it('should count what the histogram counts, and guess at no quantile', async () => {
    const { objectives } = await loadEnvironment('staging');
    const latency = objectives.find(({ name }) => name === 'ai-latency');
    assert.match(
      latency?.indicator.kind === 'ratio' ? (latency.indicator.good ?? '') : '',
      /_bucket\{.*,le=~"3\|3\[\.\]0"\}$/,
    );
    assert.deepEqual([latency?.target, latency?.slice], [0.99, { target: 0.95, ms: 60_000 }]);
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
});

describe('windowMs', () => {
  it('should be as long as the run, or of a length of its own', () => {
    assert.equal(windowMs({ kind: 'run' }, 400), 400);
    assert.equal(windowMs({ kind: 'rolling', ms: 300 }, 400), 300);
  });
});
