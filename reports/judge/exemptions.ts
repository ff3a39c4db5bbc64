/**
 * What the environment file lets off in a check, with its reasons. It is found here for every judge that honours such entries, from the header's
 * declarations and by the same rules, so that no verdict rests on an entry that the report does not name.
 */
import type { History } from '../record/history/history.ts';
import type { Exemption } from '../record/judgement.ts';
import { nameOf } from '../record/names/topology-names.ts';
import type { Seen } from '../record/observations/index.ts';
import { allowedValues } from '../record/settings.ts';
import { overrideReason, overrideText } from '../record/setting-overrides.ts';
import { all } from './observed.ts';
import { exemption, matches } from './topology/declared.ts';

/** Each once, in the order of the kinds below. */
export function exemptionsIn(history: History): Exemption[] {
  const found = [
    ...containers(history),
    ...silentContainers(history),
    ...objects(history),
    ...settings(history),
    ...nodes(history),
    ...spreads(history),
    ...spreadsOfMembers(history),
  ];
  return [...new Map(found.map((one) => [`${one.what} ${one.subject}`, one])).values()];
}

interface OfContainer {
  workload: string;
  container: string;
  init?: boolean;
}

/** `topology.workloads[].exempt`, in checks that judge the containers of a workload one by one. */
function containers(history: History): Exemption[] {
  const serving = all(history, 'container-probes').filter(({ init }) => !init);
  const given = all(history, 'container-resources').filter(({ init }) => !init);
  const images = [...all(history, 'container-image'), ...all(history, 'pod-image')];
  return [...serving, ...given, ...images].flatMap((one) => letOff(history, one));
}

function letOff(history: History, { workload, container }: OfContainer): Exemption[] {
  const declared = history.header.settings.workloads?.find((one) => nameOf(one) === workload);
  const reason = declared === undefined ? null : exemption(declared, history.header.check, container);
  return reason === null
    ? []
    : [{ what: 'container', subject: `container ${container} of ${workload}`, reason }];
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
  const { closed, workloads = [], leftOut = [] } = history.header.settings;
  const known = new Set([...workloads.map(nameOf), ...leftOut]);
  return all(history, 'owner').flatMap(({ kindName, namespace, name }) => {
    const subject = nameOf({ kind: kindName, namespace, name });
    const entry = closed?.ignore.find((one) => one.kind === kindName && matches(one.name, name));
    return entry === undefined || known.has(subject) || closed?.namespaces.includes(namespace) !== true
      ? []
      : [{ what: 'object', subject, reason: entry.reason }];
  });
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

/** `topology.nodes.others`, in checks that look at nodes. Which nodes these were is not recorded. */
function nodes(history: History): Exemption[] {
  return (history.header.settings.nodes?.others ?? []).map(({ labels, reason }) => {
    const text = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
    return { what: 'node group', subject: `nodes with ${text.join(', ')}`, reason };
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
