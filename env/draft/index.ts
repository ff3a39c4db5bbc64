/**
 * A first environment file of a cluster that nobody has described yet, from what its API server shows to an account that may only read:
 * `plumbline init`. What the API server itself says is declared. What needs an address, an account or a decision of somebody is commented out,
 * with TODO and what tells it.
 */
import { beside, commentedOut, dataOf, open, openLines, todo } from '../../probes/drafting.ts';
import type { Draft, DraftMap } from '../../probes/drafting.ts';
import { applicationFrom, readOpenApi } from '../../probes/application/openapi.ts';
import { recognisePlugins } from '../../probes/gpu/recognise.ts';
import { recogniseStores } from '../../probes/recognised-stores.ts';
import type { FoundStore } from '../../probes/recognised-stores.ts';
import { nameOf } from '../../reports/record/names/topology-names.ts';
import { closedDraft } from './closed.ts';
import { applicationDraft, edgeDraft, edgeIn } from './edge.ts';
import type { SeenEdge } from './edge.ts';
import { isDrafted } from './listing.ts';
import type { Listing } from './listing.ts';
import { platformNamespaces } from './namespaces.ts';
import { networkDraft } from './network.ts';
import { controlPlane, gpuDraft, poolsDraft } from './nodes.ts';
import { objectivesDraft } from './objectives.ts';
import { seenIn } from './seen.ts';
import type { Seen } from './seen.ts';
import { archiveIn, certificatesDraft, ELSEWHERE, sourcesDraft } from './sources.ts';
import { storageIn } from './storage.ts';
import type { FoundStorage } from './storage.ts';
import { storesDraft } from './stores.ts';
import { ofNamespaces, registryDraft, workloadsDraft } from './workloads.ts';
import { yamlOf } from './yaml.ts';

export { openLines } from '../../probes/drafting.ts';
export { listCluster } from './listing.ts';
export type { Listing } from './listing.ts';

/** `application` from the text of an OpenAPI document. @throws Error that says what the text is instead */
export function applicationFromOpenApi(text: string): Draft {
  return applicationFrom(readOpenApi(text));
}

export interface DraftOptions {
  /** Of the environment, and of its file. */
  name: string;
  kind: 'testing' | 'staging' | 'production';
  /** Absolute path. */
  kubeconfig: string;
  /** Namespaces of the platform; none: every one in which something runs, but those of the cluster itself. */
  namespaces: readonly string[];
  /** The command that makes this draft, for the head of the file. */
  command: string;
  /** What an OpenAPI document says of the application; left out: there is none. */
  application?: Draft | undefined;
  /** Path of the schema of environment files from where the file is, for editors. */
  schema: string;
}

export interface DraftedFile {
  /** The file, as YAML. */
  text: string;
  /** The same with everything that is commented out as data, to see that it would be valid. */
  whole: string;
  /** Namespaces of the platform. */
  namespaces: readonly string[];
  /** How many questions it leaves open, each marked with TODO. */
  open: number;
  /** What was found, in short lines. */
  found: readonly string[];
}

/** @throws CommandError (64) for a namespace that is not there */
export function draftFile(listing: Listing, options: DraftOptions): DraftedFile {
  const seen = seenIn(listing);
  const all = listing.objects['v1/Namespace'].map(({ metadata }) => metadata.name);
  const namespaces = platformNamespaces({ all, used: seen.used }, options.namespaces);
  const recognised = recogniseStores(
    seen.sets.filter(({ namespace }) => namespaces.includes(namespace)),
    listing.objects['v1/Service'],
  );
  const edge = edgeIn({ seen, namespaces, stores: recognised });
  const { namespace: platform } = platformIn({ seen, namespaces, stores: recognised, edge });
  const archive = archiveIn(seen, { stores: recognised, platform });
  const stores = recognised.filter((one) => one !== archive);
  const found: Found = { seen, namespaces, recognised, stores, archive, edge };
  const draft = draftOf(found, options);
  const head = headOf(listing, options);
  const text = yamlOf(draft, { head });
  return {
    text,
    open: openLines(text).length,
    whole: yamlOf(draft, { head, whole: true }),
    namespaces,
    found: foundIn(found, draft),
  };
}

interface Found {
  seen: Seen;
  namespaces: readonly string[];
  recognised: readonly FoundStore[];
  /** Those of the platform: all but the archive. */
  stores: readonly FoundStore[];
  /** One that is an archive of logs. */
  archive: FoundStore | undefined;
  edge: SeenEdge;
}

function headOf({ version, pin, refused }: Listing, { command, schema }: DraftOptions): string[] {
  return [
    `yaml-language-server: $schema=${schema}`,
    `Drafted by \`${command}\` from what ${pin.server} (Kubernetes ${version}) shows`,
    'to an account that may only read. Whether the cluster still is so, the checks of the suite topology say.',
    'What needs an address, an account or a decision is commented out; each TODO says what is missing and what tells it.',
    ...[...refused].map(([kind, why]) =>
      isDrafted(kind)
        ? open(`NOT SEEN: ${kind}: ${why}`)
        : `NOT SEEN: ${kind}: ${why}; topology.closed.ignore has the Jobs that are there now, and not those that will come`,
    ),
  ];
}

function draftOf(found: Found, options: DraftOptions): DraftMap {
  const { seen, namespaces, recognised, stores, edge } = found;
  const { listing } = seen;
  const { pin } = listing;
  const workloads = ofNamespaces(seen, namespaces);
  const [first] = [...edge.backends, ...workloads.filter(({ object }) => object.kind === 'Deployment')];
  const sources = sourcesDraft(found, first?.set.name ?? options.name);
  const storage = storageIn(listing, namespaces);
  const objectives = objectivesDraft({ ...found, stores: recognised }, sources.asked);
  return {
    name: options.name,
    kind: options.kind,
    description: todo(`The cluster ${listing.context}`, 'what it is for'),
    cluster: {
      kubeconfig: beside({ file: options.kubeconfig }, '{ env: NAME } where others use this file'),
      context: listing.context,
      reach: commentedOut(
        [open("where this machine is outside of the cluster's network: docs/guide/where-it-runs.md")],
        'port-forward',
      ),
      pin: { kubeSystemUid: pin.uid, caSha256: pin.caSha256 ?? undefined },
    },
    namespaces: namespacesDraft(found),
    topology: topologyDraft(found, storage),
    application: options.application ?? applicationDraft(edge),
    stores: storesDraft(stores, { seen, className: storage.className }),
    gpu: gpuDraft(listing, recognisePlugins(seen.sets), seen.workloads),
    objectives,
    prometheus: sources.prometheus ?? (objectives && ELSEWHERE),
    telemetry: sources.telemetry,
    permits: beside([], 'Plumbline only reads (docs/guide/drills-and-permits.md)'),
    profiles: { smoke: { checks: ['topology/**'] }, nightly: { checks: ['**'] } },
  };
}

/** The platform's is that of the application, else the one with the most stores, and then with the most workloads; the edge's that of what stands there. */
function namespacesDraft(found: Found): DraftMap {
  const { namespace, why } = platformIn(found);
  const platform = found.namespaces.length > 1 ? beside(namespace, why) : namespace;
  const door = found.edge.doors.find(({ product }) => product !== null);
  return { platform, edge: door?.set.namespace ?? namespace };
}

function platformIn({ seen, namespaces, stores, edge }: Omit<Found, 'recognised' | 'archive'>): {
  namespace: string;
  why: string;
} {
  const [backend] = edge.backends;
  if (backend !== undefined)
    return {
      namespace: backend.set.namespace,
      why: `where ${backend.name} is, which answers behind the edge`,
    };
  const storesIn = (name: string): number => stores.filter(({ sets }) => sets[0].namespace === name).length;
  const weight = (name: string): number => storesIn(name) * 1000 + ofNamespaces(seen, [name]).length;
  const namespace = namespaces.toSorted((a, b) => weight(b) - weight(a))[0] ?? 'default';
  const count = storesIn(namespace);
  const like = namespaces.filter((name) => storesIn(name) === count).length;
  const most =
    count > 0
      ? `the most stores (${count}${like > 1 ? `, as ${like - 1} others` : ''})`
      : 'the most workloads';
  return { namespace, why: `no application was found behind an edge: this has ${most}` };
}

function topologyDraft({ seen, namespaces, stores, archive, edge }: Found, storage: FoundStorage): DraftMap {
  const { listing } = seen;
  const workloads = ofNamespaces(seen, namespaces);
  return {
    controlPlane: controlPlane(listing),
    pools: poolsDraft(seen),
    network: networkDraft(seen.sets),
    storage: storage.draft,
    workloads: workloadsDraft({ seen, namespaces, stores, archive, className: storage.className }),
    closed: closedDraft(seen, namespaces),
    registry: registryDraft(workloads),
    certificates: certificatesDraft(listing, edge.entries),
    edge: edgeDraft(edge, seen),
  };
}

function foundIn(found: Found, draft: DraftMap): string[] {
  const { seen, namespaces, stores, edge } = found;
  const { objects, refused } = seen.listing;
  const { pools = [] } = dataOf(draft['topology'] ?? {}) as { pools?: unknown[] };
  const { labels } = sourcesDraft(found, '');
  const nodes = refused.has('v1/Node')
    ? 'nodes not seen'
    : `${objects['v1/Node'].length} nodes in ${pools.length} pools`;
  return [
    `${nodes}, ${ofNamespaces(seen, namespaces).length} workloads in ${namespaces.join(', ') || 'no namespace'}`,
    `stores: ${stores.map(({ recognition, sets }) => `${recognition.label} (${sets[0].namespace})`).join(', ') || 'none recognised'}`,
    `edge: ${doorText(edge)}`,
    `beside them: ${labels.join(', ') || 'nothing recognised'}`,
  ];
}

function doorText({ doors: [door], entries: [entry] }: SeenEdge): string {
  const where = door === undefined ? '' : nameOf(door.set);
  const host = entry === undefined ? '' : `${entry.host} (${entry.of})`;
  return [where, host].filter((text) => text !== '').join(', ') || 'nothing recognised';
}
