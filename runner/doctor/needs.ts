/** The rights on the API server that planned checks need, each with what it is needed for. */
import { traitsOf } from '../../env/providers/declared.ts';
import type { Environment, StoreName } from '../../env/schema.ts';
import type { Right } from '../../probes/kubernetes/access/rights.ts';
import { declaredNamespaces } from '../../reports/record/declared-namespaces.ts';
import { memberNamespace } from '../../reports/record/facts/store-pods.ts';
import type { PlannedCheck } from '../../suites/catalogue/index.ts';
import { operatorsOf } from '../../suites/catalogue/operators.ts';
import { rightsIn } from '../../suites/catalogue/plan/cannot-pass.ts';
import { storesAsked } from '../plan/configuration.ts';
import { embeddedOf } from '../plan/environment-parts.ts';
import { DRILLS, EVERY_COMMAND, REACH, RESTORES, RUNS } from '../safety/rights.ts';
import { TO_KNOW_DRILLS, TO_SEE_THE_PIN } from '../safety/rights.ts';
import type { Purpose } from '../safety/rights.ts';

/** One resource in one namespace, with every verb that is needed of it. */
export interface Need {
  /** Names one object at most. */
  right: Right;
  /** Empty: the whole cluster. */
  namespace: string;
  /** Checks and purposes. */
  for: string[];
}

type Wanted = Purpose & { platform: readonly string[] };

/** @param running the checks that would run; nothing is asked for that none of them needs, nor every command */
export function needsOf(environment: Environment, running: readonly PlannedCheck[]): Need[] {
  const platform = [environment.namespaces.platform];
  // Whoever begins may find a node that a run elsewhere switched off.
  const restores = traitsOf(environment).power === undefined ? [] : RESTORES;
  const usual =
    environment.readOnly === true
      ? [TO_SEE_THE_PIN]
      : [...EVERY_COMMAND, ...restores, ...(running.length === 0 ? [] : ofEveryRun())];
  const wanted = [
    ...usual.map((purpose) => ({ ...purpose, platform })),
    ...running.map((one) => ofCheck(environment, one)),
    ...running.flatMap((one) => ofOperators(environment, one)),
    ...running.flatMap((one) => ofRestarts(environment, one)),
    ...ofFaults(environment, running),
    ...storesAsked(environment, running).flatMap((store) => ofStore(environment, store)),
  ];
  return merged(wanted.flatMap((one) => placed(environment, one)));
}

/** Secrets are looked at by themselves, each by its name. */
function ofEveryRun(): Purpose[] {
  return RUNS.filter(({ rights }) => rights.every(({ resource }) => resource !== 'secrets'));
}

/** With the fault that the environment declares; what is done to a store is done where its pods are. */
function ofCheck(environment: Environment, { row }: PlannedCheck): Wanted {
  const { injects, asksStores } = row;
  const own = namespacesOf(environment, injects?.store === undefined ? [] : [injects.store]);
  const asked = asksStores === true ? namespacesOf(environment, storesAsked(environment, [{ row }])) : [];
  return {
    what: row.id,
    rights: rightsIn(environment, row),
    platform: own.length > 0 ? own : [environment.namespaces.platform, ...asked],
  };
}

/** Objects of operators, where the environment declares them. */
function ofOperators(environment: Environment, { row }: PlannedCheck): Wanted[] {
  return operatorsOf(environment, row).map(({ rights }) => ({ what: row.id, rights, platform: [] }));
}

/** Any other run has this right for its rollback journal; an embedded environment has all of its drills on this machine. */
function ofRestarts(environment: Environment, { row }: PlannedCheck): Wanted[] {
  const isTold = row.toldOfDrills === true && embeddedOf(environment) === undefined;
  if (!isTold || environment.readOnly !== true) return [];
  return [{ what: row.id, rights: TO_KNOW_DRILLS, platform: [] }];
}

function namespacesOf({ stores }: Environment, names: readonly StoreName[]): string[] {
  return names.flatMap((name) => {
    const declared = stores[name];
    const namespace = declared === undefined ? null : memberNamespace(declared);
    return namespace ?? [];
  });
}

/** Only where somebody else owns the cluster must its owners permit a fault. */
function ofFaults(environment: Environment, running: readonly PlannedCheck[]): Wanted[] {
  const faults = running.some(({ row }) => row.touches.runner?.includes('fault.inject') === true);
  if (!faults || traitsOf(environment).ownedByUs) return [];
  return DRILLS.map((purpose) => ({ ...purpose, platform: [environment.namespaces.platform] }));
}

function ofStore(environment: Environment, name: StoreName): Wanted[] {
  const platform = namespacesOf(environment, [name]);
  const isForwarded = traitsOf(environment).reach === 'port-forward' && environment.readOnly !== true;
  return isForwarded ? REACH.map((purpose) => ({ ...purpose, platform })) : [];
}

function placed(environment: Environment, { what, rights, platform }: Wanted): Need[] {
  return rights.flatMap(({ names = [], ...right }) =>
    namespacesAt(environment, right, platform).flatMap((namespace) =>
      (names.length === 0 ? [[]] : names.map((name) => [name])).map((one) => ({
        right: { ...right, ...(one.length > 0 && { names: one }) },
        namespace,
        for: [what],
      })),
    ),
  );
}

function namespacesAt(
  environment: Environment,
  { where }: Right,
  platform: readonly string[],
): readonly string[] {
  const { namespaces } = environment;
  if (where === 'everywhere') return [''];
  if (where === 'platform') return [...new Set(platform)];
  if (where === 'workloads') return declaredNamespaces(environment);
  return [where === 'kube-system' ? where : namespaces[where]];
}

function merged(needs: readonly Need[]): Need[] {
  const found = new Map<string, Need>();
  for (const { right, namespace, for: what } of needs) {
    const { group, resource, names = [], notGiven = '' } = right;
    const key = JSON.stringify([namespace, group, resource, names, notGiven]);
    const before = found.get(key);
    const verbs = [...new Set([...(before?.right.verbs ?? []), ...right.verbs])];
    const reasons = [...new Set([...(before?.for ?? []), ...what])];
    found.set(key, { right: { ...right, verbs }, namespace, for: reasons });
  }
  return [...found.values()];
}
