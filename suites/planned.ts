/** Checks that are in the catalogue and not built yet. One that is built moves to a folder of its own, with a `definition.ts`. */
import { always, row } from './catalogue/row.ts';
import type { CatalogueRow } from './catalogue/types.ts';
import { declared } from './topology/_objects/declaring.ts';

/** Checks that differ only in id and title. */
type Planned = Omit<Parameters<typeof row>[0], 'id' | 'title'> & { titles: Record<string, string> };

const PLANNED: readonly Planned[] = [
  {
    titles: { 'topology/network/policy': 'A NetworkPolicy that denies really blocks' },
    order: 60,
    section: '5.1',
    access: 'w - w w -',
    goal: 'a deny policy blocks, where the plugin enforces policies',
    wouldFail: 'enforcement is declared where nothing enforces it',
    requires: declared('network'),
    withoutPlatform: true,
  },
  {
    titles: { 'topology/edge/gateway': 'Routes and upstreams of the gateway' },
    order: 160,
    section: '7',
    access: 'r - r r r',
    goal: "Kong's admin API: the declared routes, upstreams healthy",
    wouldFail: 'an unhealthy upstream',
    stubbed: ['Kong'],
  },
  {
    titles: { 'topology/mesh/istio': 'The service mesh, where declared' },
    order: 170,
    section: '4',
    access: '- - r r r',
    goal: 'sidecars in sync, mTLS strict',
  },
  {
    titles: { 'topology/consistency/drift': 'No undeclared difference between two environments' },
    order: 180,
    section: '2',
    access: 'r - r r r',
    goal: 'kinds, probes, configuration keys and images of two environments differ only where declared',
    wouldFail: 'one changed key, which is named',
  },
  {
    titles: {
      'security/store-access': 'No store answers without credentials',
      'security/admin-access': 'No admin interface answers without credentials',
    },
    order: 190,
    section: '2',
    access: 'r r r r r',
    goal: 'no store, Kong admin, Grafana, Prometheus or registry answers without credentials where they are declared',
    wouldFail: 'a store without a password',
  },
  {
    titles: { 'security/pods': 'No undeclared privileged pod' },
    order: 210,
    section: '2',
    access: 'r - r r r',
    goal: 'no privileged, root or host-namespace pod undeclared',
    wouldFail: 'a privileged pod',
  },
  {
    titles: { 'failover/dev/restart': 'Compose: every store comes back with its data' },
    order: 650,
    section: '3.1',
    access: '- F - - -',
    goal: 'each Compose store back within 60 s, data kept',
    goals: { rtoSeconds: 60, lostWrites: 0 },
    wouldFail: 'no volume',
  },
  {
    titles: {
      'recovery/backup/age': 'The newest backup is young enough',
      'recovery/backup/restore': 'A backup can be restored, and is whole',
    },
    order: 660,
    section: '3.1',
    access: 'F - w w r',
    goal: 'the newest backup of each store is younger than its RPO; restored into a scratch place its counts and checksums match, within its time',
    wouldFail: 'a truncated backup',
  },
  {
    titles: { 'scaling/nodes/autoscale': 'Pending pods get a node' },
    order: 710,
    section: '5.1',
    access: '- - - w -',
    goal: 'a node within the declared time',
    alone: always,
  },
  {
    titles: {
      'delivery/rollout/rolling': 'A rolling update',
      'delivery/rollout/canary': 'A canary release',
      'delivery/rollout/blue-green': 'A blue-green release',
    },
    order: 1000,
    section: '5.3',
    access: 'w - w w -',
    goal: 'a new version takes traffic with 0 failed requests; a bad one is rolled back by the declared actor within the declared time',
    goals: { failedRequests: 0 },
    wouldFail: 'a crash-looping image and no actor',
  },
  {
    titles: { 'delivery/pipeline': 'The pipeline and its gates' },
    order: 1030,
    section: '5.3',
    access: '- - r r r',
    goal: 'GitLab: stages present, triggers as declared, production behind a manual gate, last run green',
    wouldFail: 'a missing gate',
  },
  {
    titles: { 'delivery/registry': 'The registry takes and gives images' },
    order: 1040,
    section: '4',
    access: 'w - w w r',
    goal: 'push, pull by digest and delete a canary image',
    wouldFail: 'a registry that is read-only',
  },
  {
    titles: {
      'delivery/config/dynamic': 'Configuration changes go live',
      'delivery/config/secrets': 'No secret in plain sight',
      'delivery/config/rotation': 'Secrets are rotated without harm',
    },
    order: 1050,
    section: '6',
    access: 'w - w w r',
    goal: 'a change in ConfigMap or Consul is live within 90 s; no secret in plain sight; Secrets or Vault leases younger than the rotation period; a rotated password costs 0 failed requests',
    goals: { liveSeconds: 90, failedRequests: 0 },
    wouldFail: 'a password in a ConfigMap',
  },
  {
    titles: { 'integrations/object-storage': 'Object storage keeps what it is given' },
    order: 1080,
    section: '7',
    access: 'w w w w w',
    goal: 'put, get, multipart, list, delete, with matching checksums',
    wouldFail: 'a wrong key',
  },
];

export const checks: readonly CatalogueRow[] = PLANNED.flatMap(({ titles, ...shared }) =>
  Object.entries(titles).map(([id, title]) => row({ ...shared, id, title })),
);
