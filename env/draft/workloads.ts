/** The workloads of the platform, what else runs beside them, and where their images come from. */
import { beside, below, commentedOut, Noted } from '../../probes/drafting.ts';
import type { Draft, DraftMap } from '../../probes/drafting.ts';
import { devicesIn } from '../../probes/gpu/recognise.ts';
import { selects } from '../../probes/kubernetes/label-selector.ts';
import { resizedBy } from '../../probes/kubernetes/workloads.ts';
import type { FoundStore } from '../../probes/recognised-stores.ts';
import { finds, podLabels } from '../../probes/store/recognising.ts';
import { coversPath } from '../../reports/record/names/topology-names.ts';
import type { Listing } from './listing.ts';
import type { Seen, SeenWorkload } from './seen.ts';
import { classesOf } from './storage.ts';

interface Around {
  seen: Seen;
  namespaces: readonly string[];
  stores: readonly FoundStore[];
  /** The class of data volumes, if there is one. */
  className: string | undefined;
}

export function ofNamespaces({ workloads }: Seen, namespaces: readonly string[]): SeenWorkload[] {
  return workloads.filter(({ set }) => namespaces.includes(set.namespace));
}

/** `topology.workloads` */
export function workloadsDraft(around: Around): Draft {
  const { seen, namespaces } = around;
  const { objects } = seen.listing;
  const ranges = new Map(
    objects['autoscaling/v2/HorizontalPodAutoscaler'].map((one) => [resizedBy(one).workload, one]),
  );
  const services = Map.groupBy(objects['v1/Service'], ({ metadata }) => metadata.namespace ?? '');
  const budgets = Map.groupBy(
    objects['policy/v1/PodDisruptionBudget'],
    ({ metadata }) => metadata.namespace ?? '',
  );
  return ofNamespaces(seen, namespaces).map((workload): Draft => {
    const { name, set } = workload;
    const { kind, namespace } = set;
    const scaled = ranges.get(name);
    const range = scaled === undefined ? null : resizedBy(scaled);
    const serves = (services.get(namespace) ?? []).some((one) =>
      podLabels(set).some((labels) => finds(one, labels)),
    );
    const several = kind !== 'DaemonSet' && (range?.max ?? set.replicas) >= 2;
    const spread = (budgets.get(namespace) ?? []).some(({ spec }) => selects(spec.selector, set.labels));
    const store = storeOf(workload, around);
    const devices = devicesOf(workload);
    const draft: DraftMap = {
      ...{ kind, namespace, name: set.name },
      replicas: range === null ? set.replicas : { min: range.min, max: range.max },
      serves,
      ...(devices > 0 && { gpu: devices }),
      ...(store !== null && { store: store.draft }),
    };
    const notes = [
      ...(store === null ? [] : [store.label]),
      ...(set.owner === null ? [] : [`of ${set.owner.kind} ${set.owner.name}`]),
      ...(scaled === undefined ? [] : [`by the autoscaler ${scaled.metadata.name}`]),
      ...(several && !spread ? ['no disruption budget'] : []),
    ];
    return notes.length === 0 ? draft : noted(draft, notes.join(', '));
  });
}

/** Behind an entry of one line, above one of several. */
function noted(draft: DraftMap, text: string): Noted {
  return Object.values(draft).some((one) => one instanceof Noted)
    ? below([text], draft)
    : beside(draft, text);
}

function devicesOf({ set }: SeenWorkload): number {
  const counts = set.containers.map(({ resources }) => [...devicesIn(resources?.limits).values()]);
  return counts.flat().reduce((sum, count) => sum + count, 0);
}

/**
 * The store whose data a workload holds. It is declared where its volumes can be judged without asking its servers, for which there is no
 * password yet: something is mounted at a usual data folder, and its claims are of the declared class.
 */
function storeOf(
  workload: SeenWorkload,
  { stores, className, seen }: Around,
): { label: string; draft: Draft } | null {
  const found = stores.find(({ sets }) => sets.includes(workload.set));
  if (found === undefined) return null;
  const { name, label, dataFolders } = found.recognition;
  const why = untold(workload, { dataFolders, className, listing: seen.listing });
  const told = ['with the section of its store', ...(why === null ? [] : [`: until then ${why}`])].join('');
  return { label, draft: why === null ? name : commentedOut([told], name) };
}

/** Volumes that bring files in and hold no data. */
const NOT_DATA = ['configMap', 'secret', 'projected', 'downwardAPI'];

/** Why the volumes of a store cannot be judged without asking its servers; null: they can. */
function untold(
  workload: SeenWorkload,
  of: { dataFolders: readonly string[]; className: string | undefined; listing: Listing },
): string | null {
  const { spec } = workload.object.spec.template;
  const near = spec.containers
    .flatMap(({ volumeMounts = [] }) => volumeMounts)
    .filter(({ mountPath }) =>
      of.dataFolders.some((data) => coversPath(mountPath, data) || coversPath(data, mountPath)),
    )
    .filter(
      ({ name }) =>
        !NOT_DATA.some((kind) => (spec.volumes ?? []).some((one) => one.name === name && kind in one)),
    );
  if (near.length === 0) return `nothing is mounted at ${of.dataFolders.join(' or ')}`;
  const other = classesOf(of.listing, workload).find((name) => name !== of.className);
  return other === undefined ? null : `its volumes are of class ${other || 'none'}`;
}

/** `topology.closed`: with what runs there now and is no declared workload. */
export function closedDraft({ podsByOwner, listing }: Seen, namespaces: readonly string[]): Draft {
  const jobs = new Map(
    listing.objects['batch/v1/Job'].map(({ metadata }) => [
      `Job ${metadata.namespace ?? ''}/${metadata.name}`,
      metadata.ownerReferences?.find(({ controller }) => controller === true)?.name,
    ]),
  );
  const ignored = new Map<string, DraftMap>();
  const owners = [...podsByOwner.keys(), ...jobs.keys()].sort();
  for (const owner of owners) {
    const [, kind = '', namespace = '', name = ''] = /^(\S+) ([^/]*)\/(.+)$/.exec(owner) ?? [];
    if (!namespaces.includes(namespace) || ['Deployment', 'StatefulSet', 'DaemonSet'].includes(kind))
      continue;
    // The Jobs of a CronJob are numbered by the minute of their start.
    const cron = kind === 'Job' ? (jobs.get(owner) ?? /^(.+)-\d{8,}$/.exec(name)?.[1]) : undefined;
    const pattern = cron === undefined ? name : `${cron}-*`;
    const reason = cron === undefined ? `its ${kind} was there` : `of the CronJob ${cron}`;
    ignored.set(`${kind} ${pattern}`, { kind, name: pattern, reason });
  }
  const ignore = [...ignored.values()];
  if (ignore.length === 0) return { namespaces };
  return {
    namespaces,
    ignore: below(
      ['Found, and nothing that topology.workloads can declare; take out what should not run.'],
      ignore,
    ),
  };
}

/** `topology.registry`; undefined where no image was seen. */
export function registryDraft(workloads: readonly SeenWorkload[]): Draft | undefined {
  const images = workloads.flatMap(({ object }) => {
    const { containers, initContainers = [] } = object.spec.template.spec;
    return [...containers, ...initContainers].map(({ image }) => image);
  });
  if (images.length === 0) return undefined;
  const prefixes = [...new Set(images.map(prefixOf))].sort();
  const byDigest = images.every((image) => image.includes('@sha256:'));
  return {
    prefixes: below(['TODO these are in use: are all of them where images may come from?'], prefixes),
    pinned: byDigest ? 'digest' : 'tag',
  };
}

/** Everything up to the last slash; the name alone of an image of a registry that is not named. */
function prefixOf(image: string): string {
  const [path = ''] = image.split('@');
  const cut = path.lastIndexOf('/');
  return cut === -1 ? path.replace(/:[^:]*$/, '') : path.slice(0, cut + 1);
}
