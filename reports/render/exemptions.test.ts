import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderTerminal } from '../index.ts';
import { fixtureCheck, fixtureRecord } from './_testing/fixture.ts';
import { caveats } from './text.ts';

const container = (name: string) => ({
  what: 'container' as const,
  subject: `container ${name} of Deployment tender/api`,
  reason: 'it serves <nobody>',
});
const probes = fixtureCheck('topology/workloads/probes', {
  reason: 'all 18 as declared; 2 let off by the environment file',
  exemptions: [container('proxy'), container('heartbeat')],
});
const declared = fixtureCheck('topology/workloads/declared', {
  verdict: 'fail',
  exemptions: [
    { what: 'object', subject: 'Deployment tender/agent', reason: 'of the platform team' },
    { what: 'node group', subject: 'nodes with team=b', reason: 'of team b' },
  ],
});
const record = fixtureRecord([probes, declared]);

test('should say before the verdict is relied on how much was not judged', () => {
  const pools = fixtureCheck('topology/cluster/versions', {
    exemptions: [{ what: 'node group', subject: 'nodes with team=b', reason: 'of team b' }],
  });
  const more = fixtureRecord([probes, pools, declared]);
  const sentence =
    'The environment file lets off 2 containers in topology/workloads/probes; 1 node group in topology/cluster/versions, topology/workloads/declared; 1 object in topology/workloads/declared: these were not judged there. Each check names its own, with the reasons.';
  assert.ok(caveats(more).includes(sentence), caveats(more).join('\n'));
  assert.match(
    renderTerminal(record, { reportPath: 'r', width: 1000 }),
    /Before you rely on this verdict\n[^]*The environment file lets off 2 containers/,
  );
  const none = fixtureRecord([fixtureCheck('topology/workloads/probes')]);
  assert.ok(caveats(none).every((text) => !text.includes('lets off')));
});

test('should count a workload once that several entries let off', () => {
  const of = (name: string, what: string) => ({
    what: 'workload' as const,
    subject: `StatefulSet caches/${name}: ${what}`,
    reason: 'spread',
  });
  const exemptions = [
    of('a', 'different nodes'),
    of('a', 'a disruption budget'),
    of('b', 'different nodes'),
    { ...container('proxy'), subject: 'container a: b of Deployment tender/api' },
    { ...container('proxy'), subject: 'container a: c of Deployment tender/api' },
  ];
  const spread = fixtureCheck('topology/workloads/spread', { exemptions });
  const text = caveats(fixtureRecord([spread])).find((one) => one.includes('lets off')) ?? '';
  assert.match(text, /lets off 2 workloads in topology\/workloads\/spread; 2 containers in/);
});
