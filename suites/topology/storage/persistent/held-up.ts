import type { ClaimObject, ContainerState, EventObject } from '../../../../probes/kubernetes/objects.ts';
import type { PodObject } from '../../_objects/shapes.ts';

/** What the API server has of a pod that did not end in time, or that has failed. */
export interface Stuck {
  pod: PodObject | undefined;
  claim: ClaimObject | undefined;
  /** About the two, in the order in which they came; null: events cannot be read. */
  events: readonly EventObject[] | null;
}

/** Name of the volume in the pod. */
export const VOLUME = 'data';

/** `volume`: the volume is at fault; `pod`: something else is, or nothing that is seen says so. */
export interface HeldUp {
  cause: 'volume' | 'pod';
  seen: string;
}

const byVolume = (seen: string): HeldUp => ({ cause: 'volume', seen });
const byOther = (seen: string): HeldUp => ({ cause: 'pod', seen });

/** State of the pod's own container; a mesh may have put others beside it. */
export function stateOf(pod: PodObject | undefined, container: string): ContainerState {
  return pod?.status.containerStatuses?.find(({ name }) => name === container)?.state ?? {};
}

/** What held up a pod whose container writes to, or reads from, the claim and does nothing else. */
export function heldUpBy({ pod, claim, events }: Stuck, container: string): HeldUp {
  if (pod === undefined) return byOther('the pod is not there');
  const { terminated, waiting, running } = stateOf(pod, container);
  if (terminated !== undefined) return ended(pod, terminated);
  if (pod.status.phase === 'Failed') return byOther(`the pod has failed: ${reasonOf(pod)}`);
  if (claim === undefined) return byOther('the claim is not there');
  if (claim.status?.phase !== 'Bound') return unbound(pod, claim, events);
  if (pod.spec.nodeName === undefined) return byOther(`the claim is Bound, and ${placeOf(pod)}`);
  if (running !== undefined) return byOther('its container still runs');
  return notStarted(claim, events, waiting);
}

/** Exit codes from 126 on are those of a command that could not be run, and of signals: an eviction, too little memory. */
const NOT_RUN = 126;

function ended(
  pod: PodObject,
  { exitCode = 0, reason = '' }: NonNullable<ContainerState['terminated']>,
): HeldUp {
  const seen = `its container ended with ${exitCode} (${reason})`;
  const isDisrupted = conditionOf(pod, 'DisruptionTarget')?.status === 'True';
  if (isDisrupted || pod.status.reason !== undefined) return byOther(`${seen}: ${reasonOf(pod)}`);
  return reason === 'Error' && exitCode < NOT_RUN ? byVolume(seen) : byOther(seen);
}

/** Annotation of a claim whose volume is to be made on a node that the scheduler has chosen for its first pod. */
const NODE_CHOSEN = 'volume.kubernetes.io/selected-node';
/** The scheduler's, of a claim that does not wait for a pod. */
const NOT_WAITING = 'unbound immediate PersistentVolumeClaims';
/** Reasons of events of a claim for which no volume could be made or found. */
const NO_VOLUME = ['ProvisioningFailed', 'FailedBinding'];

/**
 * A claim may wait for its first pod to be scheduled (WaitForFirstConsumer): as long as the pod fits nowhere, that is not the volume's fault.
 * It is if a node was chosen, if the claim does not wait for a pod, or if its provisioner failed.
 */
function unbound(pod: PodObject, claim: ClaimObject, events: Stuck['events']): HeldUp {
  const seen = `the claim is ${claim.status?.phase ?? 'without a status'}, and ${placeOf(pod)}`;
  const due = pod.spec.nodeName !== undefined || claim.metadata.annotations?.[NODE_CHOSEN] !== undefined;
  if (due || seen.includes(NOT_WAITING)) return byVolume(seen);
  if (events === null) return byOther(`${seen}; events cannot be read`);
  const failed = events.findLast(
    ({ involvedObject: { uid }, reason = '' }) => uid === claim.metadata.uid && NO_VOLUME.includes(reason),
  );
  return failed === undefined ? byOther(seen) : byVolume(`${seen}; ${textOf(failed)}`);
}

/** kubelet pulls images and starts containers only when all volumes are mounted: until then a container waits for these reasons. */
const MOUNTING = ['ContainerCreating', 'PodInitializing'];
const NOT_MOUNTED = ['FailedMount', 'FailedAttachVolume'];

function notStarted(
  claim: ClaimObject,
  events: Stuck['events'],
  { reason = 'ContainerCreating', message = '' }: NonNullable<ContainerState['waiting']> = {},
): HeldUp {
  const seen = `its container waits: ${reason}${message === '' ? '' : `: ${message}`}`;
  if (!MOUNTING.includes(reason)) return byOther(seen);
  if (events === null) return byOther(`${seen}; events cannot be read`);
  const failed = events.findLast(
    ({ reason: said = '', message: text = '' }) => NOT_MOUNTED.includes(said) && names(text, claim),
  );
  return failed === undefined ? byOther(seen) : byVolume(`${seen}; ${textOf(failed)}`);
}

/** A pod may have volumes of others besides, such as a proxy's. An event names the PersistentVolume, or the pod's volumes in brackets. */
function names(text: string, claim: ClaimObject): boolean {
  const { volumeName } = claim.spec;
  if (volumeName !== undefined && text.includes(`"${volumeName}"`)) return true;
  const unmounted = /unmounted volumes=\[(?<names>[^\]]*)\]/.exec(text)?.groups?.['names'] ?? '';
  return unmounted.split(/[\s,]+/).includes(VOLUME);
}

function placeOf(pod: PodObject): string {
  if (pod.spec.nodeName !== undefined) return `the pod is on ${pod.spec.nodeName}`;
  const said = conditionOf(pod, 'PodScheduled')?.message;
  return `the pod is on no node: ${said ?? 'the scheduler says nothing'}`;
}

function conditionOf(pod: PodObject, name: string) {
  return pod.status.conditions?.find(({ type }) => type === name);
}

function reasonOf({ status: { reason = 'no reason', message = '' } }: PodObject): string {
  return `${reason}${message === '' ? '' : `: ${message}`}`;
}

function textOf({ reason = '', message = '' }: EventObject): string {
  return `event ${reason}: ${message}`;
}
