import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderAll, renderTerminal } from '../index.ts';
import { runRecordSchema } from '../record/run-record.ts';
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

test('should say in every report which check lets off what, and why', async () => {
  assert.deepEqual(runRecordSchema.parse(record), record);
  const reports = await renderAll(record);
  for (const [name, reason] of [
    ['report.html', 'it serves &lt;nobody&gt;'],
    ['junit.xml', 'it serves &lt;nobody&gt;'],
    ['summary.md', 'it serves &lt;nobody&gt;'],
  ] as const)
    for (const text of ['heartbeat of Deployment tender/api', reason, 'Deployment tender/agent'])
      assert.ok(reports[name]?.includes(text), `${name}: ${text}`);
  assert.match(
    reports['junit.xml'] ?? '',
    /name="workloads\/probes"[^>]*><system-out>let off by the environment/,
  );
  assert.match(
    reports['junit.xml'] ?? '',
    /<\/failure><system-out>let off by the environment file:\n- Deployment/,
  );
});

test('should list entries that matched nothing under a heading of their own, and not count them as let off', async () => {
  const stale = { what: 'object' as const, subject: 'Job report-*', reason: 'of the platform team' };
  const own = fixtureCheck('topology/workloads/declared', { unmatchedExemptions: [stale] });
  const one = fixtureRecord([probes, own]);
  assert.deepEqual(runRecordSchema.parse(one), one);
  const reports = await renderAll(one);
  const said = 'matched nothing in this run: nothing was let off by it';
  for (const name of ['report.html', 'junit.xml', 'summary.md'])
    assert.ok(reports[name]?.includes(said), `${name}: ${reports[name] ?? ''}`);
  const [title, none] = ['1 entry of the environment file matched nothing', /\b0 let off/];
  for (const [name, parts] of [
    ['summary.md', ['2 let off by the environment file<', `<summary>${title}<`, 'Job report-']],
    ['report.html', ['2 let off by the environment file, not judged', `<h4>${title}<`, 'Job report-']],
    ['junit.xml', [`<system-out>${title}:\n- Job report-`]],
  ] as const) {
    const report = reports[name] ?? '';
    const at = parts.map((part) => report.indexOf(part, report.indexOf(parts[0])));
    assert.deepEqual([at.includes(-1), none.test(report)], [false, false], `${name}: ${at.join()}`);
  }
  const onlyStale = await renderAll(fixtureRecord([own]));
  for (const name of ['report.html', 'junit.xml', 'summary.md'])
    assert.doesNotMatch(onlyStale[name] ?? '', /let off by the environment file/, name);
  assert.ok(caveats(one).every((text) => !text.includes('workloads/declared')));
});

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
