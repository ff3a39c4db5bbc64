/** The stores of the platform, each as a section that is commented out until somebody has an account for it. */
import { below, commentedOut, open } from '../../probes/drafting.ts';
import type { Draft } from '../../probes/drafting.ts';
import type { FoundStore } from '../../probes/recognised-stores.ts';
import { servicesOf } from '../../probes/store/recognising.ts';
import type { Seen } from './seen.ts';
import { classesOf } from './storage.ts';

const WHY = [
  'Commented out: without an account a store cannot be asked, and a run that has to ask one is refused before it begins. Until then its checks are',
  'not-run, and what the API server knows of it (replicas, volumes, images) is checked as of any workload; spread too, but not of members with a',
  'workload each, of one replica. To complete one: answer what is marked, and take the # away, here and before `store:` of its workloads. Products:',
  'docs/guide/stores-by-product.md',
  open(
    'the accounts: deploy/accounts/ makes the user plumbline of each store and what is its own; then export the variables named here',
  ),
];

/** `stores`; undefined where none was recognised. */
export function storesDraft(
  stores: readonly FoundStore[],
  { seen, className }: { seen: Seen; className: string | undefined },
): Draft | undefined {
  if (stores.length === 0) return undefined;
  const byName = Map.groupBy(stores, ({ recognition }) => recognition.name);
  const sections = [...byName].map(([name, [first, ...others]]): [string, Draft] => {
    if (first === undefined) return [name, {}];
    const own = seen.workloads.filter(({ set }) => first.sets.includes(set));
    const other = own
      .flatMap((one) => classesOf(seen.listing, one))
      .find((one) => one !== className && one !== '');
    const section = {
      ...first.recognition.section(first, first.recognition),
      ...(other !== undefined && { storageClass: other }),
    };
    const also = name === 'elasticsearch' ? [ARCHIVE] : [];
    return [name, below([aboutOf(first), ...others.map(secondOf), ...also], section)];
  });
  return commentedOut(WHY, Object.fromEntries(sections));
}

function aboutOf(store: FoundStore): string {
  const { recognition, sets } = store;
  const { all } = servicesOf(store, []);
  const services = all.map(
    ({ metadata, spec }) => `${metadata.name}${spec.clusterIP === 'None' ? ' (headless)' : ''}`,
  );
  const owners = [
    ...new Set(sets.flatMap(({ owner }) => (owner === null ? [] : `${owner.kind} ${owner.name}`))),
  ];
  const of = owners.length === 0 ? '' : ` of ${owners.join(', ')}`;
  return `${recognition.label}: ${placeOf(store)}${of}; Services: ${services.join(', ') || 'none recognised'}`;
}

const ARCHIVE = 'One that is an archive of logs belongs to telemetry.logs, and is no store here';

function secondOf(store: FoundStore): string {
  return open(
    `another ${store.recognition.label} is there, ${placeOf(store)}: a file declares one of each store, a second file may declare this one`,
  );
}

function placeOf({ sets }: FoundStore): string {
  return sets
    .map(({ kind, namespace, name, replicas }) => `${kind} ${namespace}/${name} with ${replicas}`)
    .join(', ');
}
