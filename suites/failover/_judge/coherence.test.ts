import assert from 'node:assert/strict';
import { test } from 'node:test';
import { coherenceRules } from './coherence.ts';
import { judgeFailover } from './index.ts';
import { failoverEvidence } from './evidence.ts';
import { Synthetic } from '../../../reports/judge/failover/_testing/synthetic.ts';

const saidOf = (made: Synthetic, id: string): string => {
  const rule = coherenceRules(made.history()).find((one) => one.id === id);
  return rule?.verdict === 'pass' ? '' : (rule?.text ?? 'no such rule');
};

test('should want the master of Elasticsearch followed', () => {
  const history = new Synthetic({ check: 'failover/elasticsearch/hang' }).without('master').history();
  const needed = failoverEvidence(history.header).find(({ kind }) => kind === 'master');
  assert.match(needed?.rule(history, true).text ?? '', /0 seen, at least 2 needed/);
});

test('should want every member read back, also where nothing names the members before they are seen', () => {
  const stores = (way: object, members = 3): Record<string, unknown> => ({
    settings: { members, rtoDeadlineMs: 60_000, stores: { postgres: { members, patroni: {}, ...way } } },
  });
  const names = ['postgres-0', 'postgres-1', 'postgres-2'];
  const sets = {
    statefulSets: {
      namespace: 'db',
      sets: names.map((name) => ({ name: name.replace(/-\d$/, ''), members: 1 })),
    },
  };
  const labels = { pods: { namespace: 'db', labels: { app: 'pg' } } };
  const id = 'coherence/members';
  assert.equal(saidOf(new Synthetic(stores(labels)), id), '');
  assert.match(
    saidOf(new Synthetic(stores(labels, 4)), id),
    /3 members were planned to be read back, declared are 4/,
  );
  const stray = new Synthetic(stores(labels)).see(6_000, 'leader', { leader: 'exporter-0', pollMs: 100 });
  assert.match(saidOf(stray, id), /exporter-0 is not a declared member/);
  const armed = {
    fault: 'pod-delete',
    target: 'pg-7',
    members: [{ name: 'pg-7', uid: 'u', node: 'n', found: '' }],
  };
  const renamed = new Synthetic(stores(labels)).without('fault-armed').see(4_999, 'fault-armed', armed);
  assert.equal(saidOf(renamed, id), '', 'the pod that was hit came back by another name');
  // Three sets of one member each are numbered from 0 in each.
  assert.match(saidOf(new Synthetic(stores(sets)), id), /postgres-1 is not a declared member/);
  const needs = failoverEvidence(new Synthetic(stores(labels, 5)).history().header);
  const texts = needs.map((one) => one.rule(new Synthetic(stores(labels, 5)).history(), true).text);
  assert.ok(texts.includes('read-backs: 4 seen, at least 6 needed'), texts.join('; '));
});

test('should take members that are numbered from another number than 0 for the declared ones, and want each of them', () => {
  const statefulSet = { namespace: 'db', name: 'postgres' };
  const made = (drop?: string): ReturnType<Synthetic['history']> => {
    const stores = { postgres: { members: 3, patroni: {}, statefulSet } };
    const history = new Synthetic({ settings: { members: 3, rtoDeadlineMs: 60_000, stores } }).history();
    const moved = history.observations.map((seen) => {
      const text = JSON.stringify(seen);
      const renamed = text.replaceAll(/postgres-(\d)/g, (_, at) => `postgres-${Number(at) + 5}`);
      return renamed === text ? seen : (JSON.parse(renamed) as typeof seen);
    });
    const isKept = (seen: object): boolean => !('source' in seen) || seen.source !== drop;
    return { ...history, observations: moved.filter(isKept) };
  };
  const membersOf = (history: ReturnType<typeof made>) =>
    coherenceRules(history).find(({ id }) => id === 'coherence/members')?.verdict;
  const readBack = (history: ReturnType<typeof made>) =>
    failoverEvidence(history.header)
      .map((one) => one.rule(history, true))
      .filter(({ id, verdict }) => id === 'evidence/readback' && verdict !== 'pass')
      .map(({ text }) => text);
  assert.deepEqual([membersOf(made()), readBack(made())], ['pass', []]);
  assert.match(readBack(made('postgres-7')).join('; '), /postgres-7/);
});

test('should take a leader that was only started again for a recovery where the goals say so, and nowhere else', () => {
  const inPlace = (goals: object) => {
    const made = new Synthetic({ goals: { rtoSeconds: 30, lostWrites: 0, minTrials: 1, ...goals } });
    const swapped: Record<string, string> = { 'postgres-0': 'postgres-1', 'postgres-1': 'postgres-0' };
    for (const seen of made.observations) {
      if (seen.kind === 'leader' && seen.leader === 'postgres-1') seen.leader = 'postgres-0';
      if (seen.kind === 'steady-after') seen.leader = 'postgres-0';
      if (seen.kind === 'readback') seen.source = swapped[seen.source] ?? seen.source;
    }
    return judgeFailover([made.history()]).reason;
  };
  assert.match(inPlace({}), /no trial elected another leader/);
  assert.doesNotMatch(inPlace({ elections: 0 }), /no trial elected another leader/);
});
