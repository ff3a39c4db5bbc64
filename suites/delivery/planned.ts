import { row, rows, wouldFail } from '../catalogue/row.ts';
import type { CatalogueRow } from '../catalogue/types.ts';

export const checks: readonly CatalogueRow[] = [
  ...rows(
    { rolling: 'A rolling update', canary: 'A canary release', 'blue-green': 'A blue-green release' },
    {
      prefix: 'delivery/rollout',
      order: 1000,
      section: '5.3',
      access: 'w - w w -',
      goal: 'a new version takes traffic with 0 failed requests; a bad one is rolled back by the declared actor within the declared time',
      goals: { failedRequests: 0 },
      planned: [wouldFail('a crash-looping image and no actor')],
    },
  ),
  row({
    id: 'delivery/pipeline',
    order: 1030,
    title: 'The pipeline and its gates',
    section: '5.3',
    access: '- - r r r',
    goal: 'GitLab: stages present, triggers as declared, production behind a manual gate, last run green',
    planned: [wouldFail('a missing gate')],
  }),
  row({
    id: 'delivery/registry',
    order: 1040,
    title: 'The registry takes and gives images',
    section: '4',
    access: 'w - w w r',
    goal: 'push, pull by digest and delete a canary image',
    planned: [wouldFail('a registry that is read-only')],
  }),
  ...rows(
    {
      dynamic: 'Configuration changes go live',
      secrets: 'No secret in plain sight',
      rotation: 'Secrets are rotated without harm',
    },
    {
      prefix: 'delivery/config',
      order: 1050,
      section: '6',
      access: 'w - w w r',
      goal: 'a change in ConfigMap or Consul is live within 90 s; no secret in plain sight; Secrets or Vault leases younger than the rotation period; a rotated password costs 0 failed requests',
      goals: { liveSeconds: 90, failedRequests: 0 },
      planned: [wouldFail('a password in a ConfigMap')],
    },
  ),
];
