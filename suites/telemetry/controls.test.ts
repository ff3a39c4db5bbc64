import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allControls } from '../catalogue/loaded.ts';
import { loadEnvironment } from '../../env/loader.ts';
import type { Judgement } from '../../reports/record/judgement.ts';
import type { KubeObject } from '../harness/protocol.ts';
import type { Control } from '../harness/control.ts';
import { contextOf } from '../_testing/control-context.ts';

const environment = await loadEnvironment('local-small');
const telemetryControls = (await allControls()).filter(({ check }) => check.startsWith('telemetry/'));

function shipper(node: string): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    spec: { nodeName: node },
    metadata: {
      name: `log-shipper-${node}`,
      namespace: 'observability',
      ownerReferences: [
        { apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'log-shipper', uid: 'u', controller: true },
      ],
    },
  } as unknown as KubeObject;
}

const judgement = (subjects: string[]): Judgement =>
  ({
    findings: subjects.map((subject) => ({ subject, ok: false, expected: '', seen: '' })),
  }) as unknown as Judgement;

test('should take the shipper from one node alone, and want that node named and no other', async () => {
  const found = telemetryControls.find(({ id }) => id === 'telemetry/logs/canary/shipper-stopped');
  const control = found as Required<Control>;
  let nodes = ['w1', 'w2'];
  const ctx = contextOf({
    environment,
    get: (ref) => Promise.resolve({ ...ref, metadata: { name: ref.name } } as unknown as KubeObject),
    list: () => Promise.resolve(nodes.map(shipper)),
  });
  ctx.patch = ({ name }, patch) => {
    nodes = ['w1'];
    ctx.noted.patches.push({ name, patch });
    return Promise.resolve();
  };
  await control.break(ctx);
  const [changed] = ctx.noted.patches;
  assert.equal(changed?.name, 'log-shipper');
  assert.match(JSON.stringify(changed.patch), /"OnDelete".*"NotIn","values":\["w2"\]/);
  assert.equal(await control.verify(ctx, judgement(['lines of node w2'])), null);
  assert.match((await control.verify(ctx, judgement(['lines of node w1']))) ?? '', /do not name w2/);
  assert.match(
    (await control.verify(ctx, judgement(['lines of node w1', 'lines of node w2']))) ?? '',
    /the findings name w1, whose shippers run/,
  );
});

test('should want the objective named whose rules are not loaded, and the pod whose shipper was stopped', async () => {
  const verified = (id: string, found: Judgement): Promise<string | null> => {
    const control = telemetryControls.find((one) => one.id === id) ?? assert.fail(id);
    return control.verify?.(contextOf({ environment }), found) ?? assert.fail(id);
  };
  const rules = 'telemetry/alerts/rules/unloaded';
  assert.equal(await verified(rules, judgement(['rules of objective api-requests'])), null);
  assert.match(
    (await verified(rules, judgement(['rules of objective api-latency']))) ?? '',
    /no finding of rules of objective api-requests/,
  );
  const missing = (pod: string): Judgement => {
    const seen = `17 of 20; missing 3 of ${pod} on node w1 (the first: x)`;
    return { findings: [{ subject: 'StatefulSet', ok: false, expected: '', seen }] } as unknown as Judgement;
  };
  const lines = 'telemetry/logs/every-workload/shipper-stopped';
  assert.equal(await verified(lines, missing('postgres-0')), null);
  assert.match((await verified(lines, missing('postgres-1'))) ?? '', /missing of postgres-0 on node/);
});
