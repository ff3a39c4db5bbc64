import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { NetworkPolicyObject } from '../../../probes/kubernetes/objects.ts';
import { isolating } from './isolation.ts';

const LABELS = { 'app.kubernetes.io/managed-by': 'plumbline', 'app.kubernetes.io/name': 'reach' };
const policy = (name: string, spec: NetworkPolicyObject['spec']): NetworkPolicyObject => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { namespace: 'plumbline-canary', name },
  spec,
});
const DENY = policy('default-deny', { podSelector: {}, policyTypes: ['Ingress', 'Egress'] });

test('should name the policies that isolate a canary, and none of other pods', () => {
  const others = policy('others', { podSelector: { matchLabels: { app: 'x' } }, policyTypes: ['Ingress'] });
  const policiesOf = (...policies: NetworkPolicyObject[]): string[] => isolating(policies, LABELS).policies;
  assert.deepEqual(policiesOf(others), []);
  assert.deepEqual(policiesOf(others, DENY), ['plumbline-canary/default-deny']);
  const some = policy('some', { podSelector: {}, ingress: [{ from: [{ podSelector: {} }] }] });
  assert.deepEqual(policiesOf(some), ['plumbline-canary/some'], 'the API server may leave types out');
});

test('should let the policy of deploy/rbac.yaml open what others close, in both directions', async () => {
  const file = path.join(import.meta.dirname, '..', '..', '..', 'deploy', 'rbac.yaml');
  const documents = parseAllDocuments(await readFile(file, 'utf8'));
  const objects = documents.map((one) => one.toJS() as NetworkPolicyObject);
  const ours = objects.filter(({ kind }) => kind === 'NetworkPolicy');
  assert.deepEqual(
    ours.map(({ metadata }) => metadata.namespace),
    ['plumbline-canary'],
  );
  assert.deepEqual(isolating([DENY, ...ours], LABELS), { policies: [], egress: [], ingress: [] });
  const oneWay = policy('in', { podSelector: {}, policyTypes: ['Ingress'], ingress: [{}] });
  const { egress, ingress } = isolating([DENY, oneWay], LABELS);
  assert.deepEqual([egress, ingress], [['plumbline-canary/default-deny'], []], 'egress stays closed');
});

test('should tell policies that isolate what canaries send from those that isolate what they get', () => {
  const name = 'plumbline-canary/in';
  const ingress = policy('in', { podSelector: {}, policyTypes: ['Ingress'] });
  assert.deepEqual(isolating([ingress], LABELS), { policies: [name], egress: [], ingress: [name] });
  const both = isolating([ingress, DENY], LABELS);
  assert.deepEqual(both, {
    policies: ['plumbline-canary/default-deny', name],
    egress: ['plumbline-canary/default-deny'],
    ingress: ['plumbline-canary/default-deny', name],
  });
  const egress = policy('out', { podSelector: {}, policyTypes: ['Egress'] });
  assert.deepEqual(isolating([egress], LABELS).ingress, [], 'what comes in is let in');
});
