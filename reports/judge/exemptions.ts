/**
 * What the environment file lets off in a check, with its reasons. It is found here for every judge that honours such entries, from the header's
 * declarations and by the same rules, so that no verdict rests on an entry that the report does not name.
 */
import type { History } from '../record/history/history.ts';
import type { Exemption } from '../record/judgement.ts';
import type { CheckResult } from '../record/run-record.ts';
import { nameOf, nodeGroupName } from '../record/names/topology-names.ts';
import type { Seen } from '../record/observations/index.ts';
import { allowedValues } from '../record/settings.ts';
import { overrideReason, overrideText } from '../record/setting-overrides.ts';
import { all, first } from './observed.ts';
import { isInit } from './topology/containers.ts';
import { exemption, matches } from './topology/declared.ts';

/** Each once, in the order of the kinds below. */
export function exemptionsIn(history: History): Exemption[] {
  const found = [
    ...containers(history),
    ...silentContainers(history),
    ...objects(history),
    ...settings(history),
    ...nodeGroups(history).flatMap(({ nodes, group }) => (nodes === 0 ? [] : [group])),
    ...spreads(history),
    ...spreadsOfMembers(history),
    ...accounts(history),
  ];
  return once(found);
}

/**
 * Entries that matched nothing where the check looked for what they name, so that nothing was let off by them. Where something could not be read, or
 * the observation did not run to its end, none are known. `spread` has nothing to match: it is of the workload that it stands in.
 */
export function unmatchedIn(history: History): Exemption[] {
  if (first(history, 'end') === undefined || all(history, 'unavailable').length > 0) return [];
  return once([
    ...absentContainers(history),
    ...unmatchedIgnores(history),
    ...unmatchedOverrides(history),
    ...nodeGroups(history).flatMap(({ nodes, group }) => (nodes === 0 ? [group] : [])),
  ]);
}

/** The checks of a run, each without the entries that matched something in another one. */
export function withoutMatched(checks: readonly CheckResult[]): CheckResult[] {
  const matched = new Set(checks.flatMap(({ exemptions = [] }) => exemptions.map(keyOf)));
  return checks.map(({ unmatchedExemptions = [], ...check }) => {
    const left = unmatchedExemptions.filter((one) => !matched.has(keyOf(one)));
    return left.length === 0 ? check : { ...check, unmatchedExemptions: left };
  });
}

export const keyOf = ({ what, subject }: Exemption): string => `${what} ${subject}`;

export function once(exemptions: readonly Exemption[]): Exemption[] {
  return [...new Map(exemptions.map((one) => [keyOf(one), one])).values()];
}

interface OfContainer {
  workload: string;
  container: string;
}

/** `topology.workloads[].exempt`, in checks that judge the containers of a workload one by one. */
function containers(history: History): Exemption[] {
  const serving = all(history, 'container-probes').filter((one) => !isInit(history, one));
  const given = all(history, 'container-resources').filter((one) => !isInit(history, one));
  const images = [...all(history, 'container-image'), ...all(history, 'pod-image')];
  return [...serving, ...given, ...images].flatMap((one) => letOff(history, one));
}

/** Containers that `exempt` names and that their workload has not, where its containers were recorded, and no log of them was left unread. */
function absentContainers(history: History): Exemption[] {
  const { check, settings } = history.header;
  const lines: OfContainer[] = [
    ...all(history, 'container-probes'),
    ...all(history, 'container-resources'),
    ...all(history, 'container-image'),
    ...all(history, 'pod-image'),
    ...all(history, 'recent'),
  ];
  const unread = [...all(history, 'disk-unread'), ...all(history, 'recent-unsearched')];
  return (settings.workloads ?? []).flatMap((declared) => {
    const workload = nameOf(declared);
    const there = lines.filter((one) => one.workload === workload).map(({ container }) => container);
    if (there.length === 0 || unread.some((one) => one.workload === workload)) return [];
    return (declared.exempt ?? [])
      .filter(({ checks }) => checks.some((glob) => matches(glob, check)))
      .flatMap(({ containers = [], reason }) =>
        containers
          .filter((one) => !there.includes(one))
          .map((one) => ofContainer({ workload, container: one }, reason)),
      );
  });
}

const ofContainer = ({ workload, container }: OfContainer, reason: string): Exemption => ({
  what: 'container',
  subject: `container ${container} of ${workload}`,
  reason,
});

function letOff(history: History, { workload, container }: OfContainer): Exemption[] {
  const declared = history.header.settings.workloads?.find((one) => nameOf(one) === workload);
  const reason = declared === undefined ? null : exemption(declared, history.header.check, container);
  return reason === null ? [] : [ofContainer({ workload, container }, reason)];
}

/** The same where lines are looked for: only containers that never wrote one need it. */
function silentContainers(history: History): Exemption[] {
  const of = ({ workload, container }: OfContainer): string => `${workload} ${container}`;
  const recent = all(history, 'recent');
  const heard = new Set(recent.filter(({ lines }) => lines > 0).map(of));
  return recent.filter((one) => !heard.has(of(one))).flatMap((one) => letOff(history, one));
}

/** `topology.closed.ignore`: what runs undeclared where nothing undeclared may run. */
function objects(history: History): Exemption[] {
  const { closed } = history.header.settings;
  return undeclared(history).flatMap((owner) => {
    const entry = closed?.ignore.find((one) => ignores(one, owner));
    return entry === undefined ? [] : [{ what: 'object', subject: nameOf(owner), reason: entry.reason }];
  });
}

type Ignored = Record<'kind' | 'name', string>;

const ignores = (entry: Ignored, { kind, name }: Ignored): boolean =>
  entry.kind === kind && matches(entry.name, name);

/** What runs in closed namespaces and is not declared. */
function undeclared(history: History): (Ignored & { namespace: string })[] {
  const { closed, workloads = [], leftOut = [] } = history.header.settings;
  const known = new Set([...workloads.map(nameOf), ...leftOut]);
  return all(history, 'owner')
    .map(({ kindName: kind, namespace, name }) => ({ kind, namespace, name }))
    .filter((one) => closed?.namespaces.includes(one.namespace) === true && !known.has(nameOf(one)));
}

function unmatchedIgnores(history: History): Exemption[] {
  const { namespaces = [], ignore = [] } = history.header.settings.closed ?? {};
  if (namespaces.length === 0 || first(history, 'owners') === undefined) return [];
  const owners = undeclared(history);
  return ignore
    .filter((entry) => !owners.some((owner) => ignores(entry, owner)))
    .map(({ kind, name, reason }) => ({ what: 'object', subject: `${kind} ${name}`, reason }));
}

type Setting = Pick<Seen<'governing'>, 'name' | 'value' | 'override'>;

/** `stores.*.durabilityOverrides`: roles and databases with another value than the declared one, in the checks of settings and in trials. */
function settings(history: History): Exemption[] {
  const [, ofTrial = ''] = history.header.check.split('/');
  return [
    ...all(history, 'setting').flatMap((one) => overridden(history, one.store, one)),
    ...all(history, 'governing').flatMap((one) => overridden(history, ofTrial, one)),
  ];
}

function overridden(history: History, store: string, { name, value, override }: Setting): Exemption[] {
  const { durability = {}, durabilityOverrides } = history.header.settings.stores?.[store] ?? {};
  const declared = durability[name];
  if (override === undefined || declared === undefined || allowedValues(declared).includes(value)) return [];
  const reason = overrideReason(override, durabilityOverrides);
  if (reason === null) return [];
  return [{ what: 'setting', subject: `${name} of ${store}, ${overrideText(override)}: ${value}`, reason }];
}

/** Overrides that no server has, in the check of settings. */
function unmatchedOverrides(history: History): Exemption[] {
  const { stores = {} } = history.header.settings;
  const byStore = Map.groupBy(all(history, 'setting'), ({ store }) => store);
  return [...byStore].flatMap(([store, own]) => {
    const overrides = own.flatMap(({ override }) => override ?? []);
    return (stores[store]?.durabilityOverrides ?? [])
      .filter((entry) => overrides.every((one) => overrideReason(one, [entry]) === null))
      .map(({ role = null, database = null, reason }) => ({
        what: 'setting' as const,
        reason,
        subject: `settings of ${store}, ${overrideText({ role, database })}`,
      }));
  });
}

/** `topology.nodes.others`, in checks that look at nodes. `nodes`: at most so many were seen at once; null: it is not recorded. */
function nodeGroups(history: History): { nodes: number | null; group: Exemption }[] {
  const looks = all(history, 'nodes-of-others');
  return (history.header.settings.nodes?.others ?? []).map(({ labels, reason }) => {
    const name = nodeGroupName(labels);
    const counts = looks.filter(({ group }) => group === name).map(({ nodes }) => nodes);
    return {
      nodes: counts.length === 0 ? null : Math.max(...counts),
      group: { what: 'node group', subject: `nodes with ${name}`, reason },
    };
  });
}

/** `topology.workloads[].exempt`, in the check of what the accounts of workloads may do: it is of the workload as a whole. */
function accounts(history: History): Exemption[] {
  const { check, settings } = history.header;
  const seen = new Set(all(history, 'workload-account').map(({ workload }) => workload));
  return (settings.workloads ?? []).flatMap((one) => {
    const reason = seen.has(nameOf(one)) ? exemption(one, check, '') : null;
    return reason === null
      ? []
      : [{ what: 'workload' as const, subject: `rights of ${nameOf(one)}`, reason }];
  });
}

const SPREAD = {
  differentNodes: 'different nodes',
  disruptionBudget: 'a disruption budget',
} as const;

/** `topology.workloads[].spread`, which has no field for a reason. */
function spreads(history: History): Exemption[] {
  const placed = new Set(all(history, 'placement').map(({ workload }) => workload));
  return (history.header.settings.workloads ?? [])
    .filter((one) => placed.has(nameOf(one)) && one.replicas.max >= 2)
    .flatMap((one) =>
      (['differentNodes', 'disruptionBudget'] as const)
        .filter((key) => one.spread?.[key] === false)
        .map((key) => ({
          what: 'workload' as const,
          subject: `${nameOf(one)}: ${SPREAD[key]}`,
          reason: `spread.${key}: false`,
        })),
    );
}

/** The same of the members of a store, of which one workload that may share nodes lets off all. */
function spreadsOfMembers(history: History): Exemption[] {
  const { stores = {}, workloads = [] } = history.header.settings;
  const sharing = workloads.filter(({ spread }) => spread?.differentNodes === false);
  return all(history, 'members-placed').flatMap(({ store }) => {
    const own = sharing.filter((one) => one.store === store).map(nameOf);
    if (stores[store] === undefined || own.length === 0) return [];
    return [
      {
        what: 'workload' as const,
        subject: `members of ${store}: ${SPREAD.differentNodes}`,
        reason: `spread.differentNodes: false of ${own.join(', ')}`,
      },
    ];
  });
}
