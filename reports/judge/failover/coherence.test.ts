import assert from 'node:assert/strict';
import { test } from 'node:test';
import { coherenceRules } from './coherence.ts';
import { failoverEvidence } from './evidence.ts';
import { clientOf, Synthetic } from './_testing/synthetic.ts';

const saidOf = (made: Synthetic, id: string): string => {
  const rule = coherenceRules(made.history()).find((one) => one.id === id);
  return rule?.verdict === 'pass' ? '' : (rule?.text ?? 'no such rule');
};

test('should want who connects given up before who waits for it', () => {
  const settings = clientOf(5)['settings'] as Record<string, unknown>;
  const client = (more: object): Synthetic =>
    new Synthetic()
      .without('client-load-start')
      .see(-10, 'client-load-start', clientOf(5, { settings: { ...settings, ...more } }));
  assert.equal(saidOf(client({}), 'coherence/client'), '');
  for (const connectTimeoutMs of [0, 1_000, -100])
    assert.match(saidOf(client({ connectTimeoutMs }), 'coherence/client'), /ms to connect, 500 ms to wait/);
});

test('should want a master of its own followed to the end, as the leader', () => {
  const led = (...masters: string[]): Synthetic => {
    const made = new Synthetic();
    for (const [index, leader] of masters.entries())
      made.see(index === 0 ? -80 : 5_000 + index, 'master', { leader, pollMs: 100 });
    return made.see(16_000, 'master', { leader: 'postgres-1', pollMs: 100, final: true });
  };
  assert.equal(saidOf(led('postgres-0', 'postgres-1'), 'coherence/leader'), '');
  assert.match(
    saidOf(led('postgres-0', 'postgres-2'), 'coherence/leader'),
    /the last change of leader was to postgres-2, but the final/,
  );
});

test('should want the master of Elasticsearch followed', () => {
  const history = new Synthetic({ check: 'failover/elasticsearch/hang' }).without('master').history();
  const needed = failoverEvidence(history.header).find(({ kind }) => kind === 'master');
  assert.match(needed?.rule(history, true).text ?? '', /0 seen, at least 2 needed/);
});

test('should want each line of who leads to be a change', () => {
  const flapping = new Synthetic().see(15_000, 'leader', { leader: 'postgres-1', pollMs: 100 });
  assert.match(saidOf(flapping, 'coherence/leader'), /twice in a row that postgres-1 became the leader/);
});
