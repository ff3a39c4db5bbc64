import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setVariable } from '../../../host/_testing/variable.ts';
import { RECOMMENDED, withDefaults } from './objects.ts';

void test('gives the probes of a slow machine longer to answer, and its starts more of them', (t) => {
  const container = {
    name: 'a',
    startupProbe: { timeoutSeconds: 2, failureThreshold: 60 },
    livenessProbe: {},
    readinessProbe: { periodSeconds: 1 },
  };
  const deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'a', namespace: 'n' },
    spec: { template: { spec: { containers: [container] } } },
  };
  const probesOf = (): unknown[] => {
    const { spec } = withDefaults(deployment, RECOMMENDED) as unknown as typeof deployment;
    return spec.template.spec.containers.map(({ startupProbe, livenessProbe, readinessProbe }) => [
      startupProbe,
      livenessProbe,
      readinessProbe,
    ]);
  };
  const ordinary = [
    { timeoutSeconds: 2, failureThreshold: 60 },
    { timeoutSeconds: 5, failureThreshold: 6 },
    { periodSeconds: 1 },
  ];
  assert.deepEqual(probesOf(), [ordinary]);
  setVariable(t, 'PLUMBLINE_PATIENCE', '10');
  assert.deepEqual(probesOf(), [
    [
      { timeoutSeconds: 20, failureThreshold: 600 },
      { timeoutSeconds: 50, failureThreshold: 6 },
      { periodSeconds: 1, timeoutSeconds: 10, failureThreshold: 3 },
    ],
  ]);
});
