/**
 * PostgreSQL under CloudNativePG: roles as the servers tell them, and beside them what the operator says in its resource `Cluster`
 * (postgresql.cnpg.io/v1, as in version 1.30): whom it takes for the primary, in which phase it is, and whether it acts at all.
 */
import { z } from 'zod';
import { errorText } from '../../../reports/record/error-text.ts';
import { cannotAsk } from '../../asking.ts';
import { objectName } from '../../declaring.ts';
import { COUNT } from '../../store/recorded.ts';
import type { SettingKinds } from '../../store/recorded.ts';
import type {
  Bounds,
  Condition,
  GoverningSetting,
  Steadiness,
  StoreDescription,
  StoreTarget,
} from '../../store/store-driver.ts';
import { bySql } from './by-sql.ts';
import { TAKES_OVER, takesOver } from './manager.ts';
import type { ManagerKind } from './manager.ts';

const AGREES = 'the operator';
/** Its phase while it has nothing to do (api/v1/cluster_types.go, `PhaseHealthy`). */
const HEALTHY = 'Cluster in healthy state';

const section = objectName.describe(
  'The resource Cluster of CloudNativePG, whose instances `pods` declares by the labels cnpg.io/cluster and cnpg.io/podRole: instance (its poolers have the first one too). Roles are asked of the servers, as without a manager; the Cluster is read through the API server, for which the account needs the right to get it. Plumbline does not ask it to change the leader',
);

/** Seconds in `spec`, with the defaults of its schema. */
const GOVERNING = {
  failoverDelay: COUNT,
  switchoverDelay: COUNT,
  stopDelay: COUNT,
} as const satisfies SettingKinds;
const DEFAULTS: Readonly<Record<keyof typeof GOVERNING, number>> = {
  failoverDelay: 0,
  switchoverDelay: 3600,
  stopDelay: 1800,
};

const count = z.int().optional();
const cluster = z.object({
  metadata: z.object({ annotations: z.record(z.string(), z.string()).default({}) }),
  spec: z.object({ instances: z.int(), failoverDelay: count, switchoverDelay: count, stopDelay: count }),
  status: z
    .object({
      phase: z.string().default('none'),
      phaseReason: z.string().default(''),
      currentPrimary: z.string().default(''),
      /** Another than the current one during a change, and `pending` while none is chosen. */
      targetPrimary: z.string().default(''),
      /** Names of instances by what they are: `healthy`, `replicating`, `failed`. */
      instancesStatus: z.record(z.string(), z.array(z.string())).default({}),
    })
    .prefault({}),
});

export type Cluster = z.infer<typeof cluster>;

/** @throws Error for an object that is not a Cluster as CloudNativePG 1.30 has it */
export function clusterIn(object: unknown): Cluster {
  return cluster.parse(object);
}

/** @throws AskError when it is not there or may not be read */
async function clusterOf(target: StoreTarget, bounds: Bounds): Promise<Cluster> {
  const { namespace, name } = section.parse(target.connection.declared?.['cloudnativepg']);
  const what = `the Cluster ${namespace}/${name} of CloudNativePG`;
  const ref = { apiVersion: 'postgresql.cnpg.io/v1', kind: 'Cluster', namespace, name };
  let found: unknown;
  try {
    found = await target.object?.(ref, bounds);
  } catch (cause) {
    const advice =
      'the account needs the right to get clusters.postgresql.cnpg.io (docs/reference/rights.md)';
    throw cannotAsk('manager', `${what} cannot be read: ${errorText(cause)}; ${advice}`, { cause });
  }
  if (found === null || found === undefined)
    throw cannotAsk('manager', `${what} is not there: see stores.postgres.cloudnativepg`);
  return clusterIn(found);
}

/** Would the operator promote a replica now? Annotations of its documentation ("Labels and annotations") keep it from that. */
export function failoverOf({ metadata: { annotations } }: Cluster): Condition {
  const fenced = annotations['cnpg.io/fencedInstances'] ?? '[]';
  const reasons = [
    ...(annotations['cnpg.io/reconciliationLoop'] === 'disabled'
      ? ['cnpg.io/reconciliationLoop is disabled: the operator does nothing']
      : []),
    ...(annotations['cnpg.io/hibernation'] === 'on' ? ['cnpg.io/hibernation is on'] : []),
    ...(/^\s*\[\s*\]\s*$/.test(fenced) ? [] : [`instances are fenced: ${fenced}`]),
  ];
  return takesOver(reasons.length === 0, reasons);
}

/** Does the operator have nothing to do, take all instances for healthy, and take for the primary who leads by the servers? */
export function agreesOf(seen: Cluster, leader: string | null): Condition {
  const { spec, status } = seen;
  const { phase, currentPrimary, targetPrimary } = status;
  const stays = currentPrimary !== '' && currentPrimary === targetPrimary;
  return {
    name: AGREES,
    ok: phase === HEALTHY && stays && currentPrimary === leader && healthyIn(seen) === spec.instances,
    expected: `${HEALTHY}, ${spec.instances} healthy, primary ${leader ?? 'as the servers say'}`,
    seen: [said(seen), ...unhealthyIn(seen), `primary ${primaryIn(seen)}`].join(', '),
  };
}

function healthyIn({ status }: Cluster): number {
  return status.instancesStatus['healthy']?.length ?? 0;
}

function unhealthyIn({ status }: Cluster): string[] {
  return Object.entries(status.instancesStatus)
    .filter(([state]) => state !== 'healthy')
    .flatMap(([state, names]) => names.map((name) => `${name} ${state}`));
}

function said(seen: Cluster): string {
  const { phase, phaseReason } = seen.status;
  return `${phase}${phaseReason === '' ? '' : ` (${phaseReason})`}, ${healthyIn(seen)} healthy`;
}

function primaryIn({ status: { currentPrimary, targetPrimary } }: Cluster): string {
  const now = currentPrimary === '' ? 'none' : currentPrimary;
  return targetPrimary === currentPrimary
    ? now
    : `${now}, to become ${targetPrimary === '' ? 'none' : targetPrimary}`;
}

/** Members that stream are not enough: while the operator is at work it may change the primary. */
export function steadyAs(by: Steadiness, seen: Cluster): Steadiness {
  const { ok, expected, seen: found } = agreesOf(seen, by.leader);
  if (!by.ok || ok === true) return by;
  return { ok: false, leader: by.leader, detail: `expected of the operator: ${expected}; seen: ${found}` };
}

async function roles(target: StoreTarget, bounds: Bounds): Promise<Omit<StoreDescription, 'governing'>> {
  const [described, found] = await Promise.all([
    bySql.roles(target, bounds),
    clusterOf(target, bounds).catch((error: unknown) => errorText(error)),
  ]);
  const conditions =
    typeof found === 'string'
      ? [takesOver(null, [found]), { name: AGREES, ok: null, expected: HEALTHY, seen: found }]
      : [failoverOf(found), agreesOf(found, described.leader)];
  return { ...described, conditions };
}

async function steady(target: StoreTarget, bounds: Bounds): Promise<Steadiness> {
  const [by, found] = await Promise.all([bySql.steady(target, bounds), clusterOf(target, bounds)]);
  return steadyAs(by, found);
}

/** Of the resource, and where it leaves one out its schema's default. */
export function settingsIn({ spec }: Cluster): GoverningSetting[] {
  return Object.entries(DEFAULTS).map(([name, fallback]) => {
    const value = spec[name as keyof typeof DEFAULTS];
    const source = value === undefined ? "CloudNativePG's default, not set in spec" : 'spec of the Cluster';
    return { name, value: String(value ?? fallback), source };
  });
}

export const cloudnativepg = {
  label: 'CloudNativePG',
  section,
  metWith: null,
  changesLeader: false,
  rights: [{ verbs: ['get'], group: 'postgresql.cnpg.io', resource: 'clusters', where: 'platform' }],
  recorded: { governing: GOVERNING, conditions: [TAKES_OVER, AGREES] },
  manager: {
    ...bySql,
    roles,
    steady,
    settings: async (target, bounds) => settingsIn(await clusterOf(target, bounds)),
    switchover: () =>
      Promise.reject(
        new Error(
          'CloudNativePG changes the leader where the status of its Cluster is written, which Plumbline does not',
        ),
      ),
  },
} as const satisfies ManagerKind;
