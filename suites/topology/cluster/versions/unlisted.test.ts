/** What is said of kubelets where the account may not list nodes, as with the role `view`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judge } from '../../../_testing/histories.ts';
import type { Seen } from '../../../_testing/histories.ts';

const address = 'api.test:6443';
const certificate: Seen = [
  'certificate',
  {
    subject: "the API's address for clients",
    address,
    validFrom: '2026-01-01T00:00:00Z',
    issuedTo: null,
    chain: [],
    chainOk: null,
    nameOk: null,
    validTo: new Date(Date.parse('2026-01-01T00:00:02Z') + 90 * 86_400_000).toISOString(),
    detail: 'signed by a',
  },
];
const version: Seen = ['api-version', { version: 'v1.37.2' }];
const refused: Seen = ['unavailable', { what: 'v1/Node', reason: 'forbidden' }];

const judged = (settings: object, ...seen: Seen[]) =>
  judge({
    check: 'topology/cluster/versions',
    goals: { maxMinorSkew: 3, minDays: 30 },
    settings: { apiAddress: address, ...settings },
    seen,
  });

test('should know nothing of kubelets where the nodes could not be listed', () => {
  const { verdict, figures, findings } = judged({}, refused, version, certificate);
  assert.equal(verdict, 'inconclusive');
  assert.equal(figures.find(({ name }) => name === 'kubelet minors behind')?.value, null);
  assert.deepEqual(
    findings.filter(({ subject }) => subject === 'kubelets').map(({ seen }) => seen),
    ['the nodes could not be listed'],
  );
});

test('should miss nodes where a whole list has none', () => {
  const none: Seen = ['nodes', { names: [] }];
  const { findings } = judged({}, none, version, certificate);
  assert.ok(findings.some(({ subject, seen }) => subject === 'kubelets' && seen === 'not there'));
});

test('should say why no pod of an API server is needed', () => {
  const ruleOf = (settings: object): string | undefined =>
    judged(settings, refused, version, certificate).rules?.find(({ id }) => id === 'evidence/api-pod')?.text;
  assert.equal(
    ruleOf({}),
    'pods of API servers (none is needed: topology.controlPlane is not declared): 0 recorded',
  );
  assert.equal(ruleOf({ controlPlane: { nodes: 3 } }), 'api-pod: 0 seen, at least 3 needed');
});
