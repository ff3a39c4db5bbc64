/**
 * A first environment file of a cluster that nobody has described yet, from what its API server shows to an account that may only read:
 * `plumbline init`. What the API server itself says is declared. What needs an address, an account or a decision of somebody is commented out,
 * with TODO and what tells it.
 */
import { below, beside, commentedOut, open, openLines, todo } from '../../probes/drafting.ts';
import type { DraftMap } from '../../probes/drafting.ts';
import { recognisePlugins } from '../../probes/gpu/recognise.ts';
import { recogniseStores } from '../../probes/recognised-stores.ts';
import type { FoundStore } from '../../probes/recognised-stores.ts';
import { recogniseSources } from '../../probes/signals/recognise.ts';
import type { FoundSource } from '../../probes/signals/recognise.ts';
import { closedDraft } from './closed.ts';
import { certificatesDraft, hostsIn } from './hosts.ts';
import type { FoundHost } from './hosts.ts';
import { isDrafted } from './listing.ts';
import type { Listing } from './listing.ts';
import { platformNamespaces } from './namespaces.ts';
import { networkDraft } from './network.ts';
import { controlPlane, gpuDraft, poolsDraft, poolsOf } from './nodes.ts';
import { seenIn } from './seen.ts';
import type { Seen } from './seen.ts';
import { storageIn } from './storage.ts';
import type { FoundStorage } from './storage.ts';
import { storesDraft } from './stores.ts';
import { APPLICATION, edgeDraft, objectivesDraft, prometheusDraft, telemetryDraft } from './template.ts';
import { ofNamespaces, registryDraft, workloadsDraft } from './workloads.ts';
import { yamlOf } from './yaml.ts';

export { openLines } from '../../probes/drafting.ts';
export { listCluster } from './listing.ts';
export type { Listing } from './listing.ts';

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
  /** Path of the schema of environment files from where the file is, for editors. */
  schema: string;
}

export interface DraftedFile {
  /** The file, as YAML. */
  text: string;
  /** The same with everything that is commented out as data, to see that it would be valid. */
  whole: string;
  /** How many questions it leaves open, each marked with TODO. */
  open: number;
  /** What was found, in short lines. */
  found: readonly string[];
}

/** @throws CommandError (64) for a namespace that is not there */
export function draftFile(listing: Listing, options: DraftOptions): DraftedFile {
  const found = foundIn(listing, options.namespaces);
  const draft = draftOf(found, options);
  const head = headOf(listing, options);
  const text = yamlOf(draft, { head });
  return {
    text,
    open: openLines(text).length,
    whole: yamlOf(draft, { head, whole: true }),
    found: linesOf(found),
  };
}

interface Found {
  seen: Seen;
  /** Of the platform. */
  namespaces: readonly string[];
  /** The one where the application likely is. */
  platform: string;
  stores: readonly FoundStore[];
  hosts: readonly FoundHost[];
  sources: readonly FoundSource[];
}

function foundIn(listing: Listing, asked: readonly string[]): Found {
  const seen = seenIn(listing);
  const services = listing.objects['v1/Service'];
  const all = listing.objects['v1/Namespace'].map(({ metadata }) => metadata.name);
  const namespaces = platformNamespaces({ all, used: seen.used }, asked);
  const own = seen.sets.filter(({ namespace }) => namespaces.includes(namespace));
  const stores = recogniseStores(own, services);
  const hosts = hostsIn(listing, namespaces);
  const weightOf = (name: string): number =>
    1e6 * Number(hosts.some(({ namespace }) => namespace === name)) +
    1e3 * stores.filter(({ sets }) => sets[0].namespace === name).length +
    ofNamespaces(seen, [name]).length;
  const [platform = 'default'] = namespaces.toSorted((a, b) => weightOf(b) - weightOf(a));
  return { seen, namespaces, platform, stores, hosts, sources: recogniseSources(seen.sets, services) };
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
  const { seen, namespaces, platform, stores, sources } = found;
  const { listing } = seen;
  const { pin } = listing;
  const storage = storageIn(listing, namespaces);
  const places: DraftMap = { platform, edge: platform };
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
    namespaces: namespaces.length > 1 ? below([open(WHERE)], places) : places,
    topology: topologyDraft(found, storage),
    application: APPLICATION,
    stores: storesDraft(stores, { seen, className: storage.className }),
    gpu: gpuDraft(listing, recognisePlugins(seen.sets), seen.workloads),
    objectives: objectivesDraft(platform),
    prometheus: prometheusDraft(sources),
    telemetry: telemetryDraft(sources),
    permits: beside([], 'Plumbline only reads (docs/guide/drills-and-permits.md)'),
    profiles: { smoke: { checks: ['topology/**'] }, nightly: { checks: ['**'] } },
  };
}

const WHERE =
  'where is the application, and where what stands before it? Proposed is where a host leads, then most stores are, and then most workloads';

function topologyDraft(
  { seen, namespaces, platform, stores, hosts }: Found,
  storage: FoundStorage,
): DraftMap {
  const { listing } = seen;
  const { className } = storage;
  return {
    controlPlane: controlPlane(listing),
    pools: poolsDraft(seen),
    network: networkDraft(seen.sets),
    storage: storage.draft,
    workloads: workloadsDraft({ seen, namespaces, stores, className }),
    closed: closedDraft(seen, namespaces),
    registry: registryDraft(ofNamespaces(seen, namespaces)),
    certificates: certificatesDraft(listing, hosts),
    edge: edgeDraft(hosts, platform),
  };
}

function linesOf({ seen, namespaces, stores, hosts, sources }: Found): string[] {
  const { objects, refused } = seen.listing;
  const nodes = objects['v1/Node'];
  const labels = [...new Set(sources.map(({ source }) => source.label))];
  const counted = refused.has('v1/Node')
    ? 'nodes not seen'
    : `${nodes.length} nodes in ${poolsOf(nodes).pools.length} pools`;
  return [
    `${counted}, ${ofNamespaces(seen, namespaces).length} workloads in ${namespaces.join(', ') || 'no namespace'}`,
    `stores: ${stores.map(({ recognition, sets }) => `${recognition.label} (${sets[0].namespace})`).join(', ') || 'none recognised'}`,
    `hosts: ${hosts.map(({ host }) => host).join(', ') || 'none seen'}`,
    `beside them: ${labels.join(', ') || 'nothing recognised'}`,
  ];
}
