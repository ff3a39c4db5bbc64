import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Objective } from '../../reports/record/objective.ts';
import { askAllThere } from './metrics-there.ts';

const BOUNDS = { fromMs: 0, toMs: 1000, endMs: 1000 };

function objective(good: string): Objective {
  return {
    name: 'a',
    title: 'a',
    service: 'orders',
    method: 'Occurrences',
    target: 0.99,
    status: 'assumed',
    window: { kind: 'run' },
    slice: null,
    indicator: { kind: 'ratio', counter: true, good, bad: null, total: 'd_count' },
  };
}

/** What is recorded of a query for good events, and the selectors for which addresses were asked. */
async function boundaryOn(good: string, addresses: Record<string, string[]> = {}) {
  const asked: string[] = [];
  const client = {
    labelNames: () => Promise.resolve(['__name__', 'instance', 'job', 'le', 'service']),
    labelValues: (label: string, selector: string) => {
      if (label !== 'instance') return Promise.resolve(['kong']);
      asked.push(selector);
      return Promise.resolve(addresses[selector] ?? []);
    },
    metadata: () => Promise.resolve([]),
  };
  const objectives = [objective(good)];
  const found = [];
  for await (const one of askAllThere(client, { objectives, bounds: [BOUNDS] }, new AbortController().signal))
    found.push(one);
  return { asked, boundaryOn: found.at(-1)?.boundaryOn };
}

describe('the targets that have a boundary', () => {
  it('should be asked for whatever series, and kept where the query selects one of theirs', async () => {
    const good = 'd_bucket{job="kong",service="orders",le="1"}';
    const [selected, bounded] = ['d_bucket{job="kong",service="orders"}', 'd_bucket{job="kong",le="1"}'];
    const found = await boundaryOn(good, { [selected]: ['a', 'b'], [bounded]: ['b', 'c'] });
    assert.deepEqual(found, { asked: [selected, bounded], boundaryOn: ['b'] });
  });

  it('should not be asked without a boundary, nor where no job names them', async () => {
    for (const good of [
      'd_total{job="kong"}',
      'd_bucket{service="orders",le="1"}',
      'd_bucket{job!="x",le="1"}',
    ])
      assert.deepEqual(await boundaryOn(good), { asked: [], boundaryOn: undefined }, good);
  });
});
