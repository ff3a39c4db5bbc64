/** Names and numbers on which the suites of the topology and their judges must agree. */

/** `Deployment tender/tender-api`: how a workload is called in histories and findings. */
export function nameOf(workload: { kind: string; namespace: string; name: string }): string {
  return `${workload.kind} ${workload.namespace}/${workload.name}`;
}

/** How an entry of `topology.nodes.others` is called: `team=x, zone=b`. */
export function nodeGroupName(labels: Readonly<Record<string, string>>): string {
  const text = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  return text.join(', ');
}

/** Subject of the certificate that is checked besides the declared ones. */
export const CLIENTS_ADDRESS = "the API's address for clients";
export const serverName = (node: string): string => `API server of ${node}`;
export const kubeletName = (node: string): string => `kubelet of ${node}`;
export const KUBELET_PORT = 10250;

/** Reachability is tested between at most this many nodes (380 pairs). */
export const SAMPLED_NODES = 20;
/** Further requests to each target after its first answer. */
export const REACHED_AGAIN = 10;
/** Requests to a pod of each other node at once, when all have been reached. */
export const REACHED_AT_ONCE = 10;
/** Least size of the page that pods are asked for: more than any packet takes, jumbo frames of 9,000 bytes included. */
export const PAGE_BYTES = 16_384;

/** Whether something lies at a path of a container or below it. */
export function coversPath(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`);
}

/** Whether a template leaves the image of a container to Istio's injector, which puts it into each pod (its documentation, "Installing Gateways"). */
export function isInjected(image: string): boolean {
  return image === 'auto';
}

/** The repository of an image, without its tag and digest. */
export function repositoryIn(image: string): string {
  return image.replace(/@.*$/, '').replace(/:[^:/]*$/, '');
}

/** A service is a Deployment, unless a Rollout of its name is among the declared workloads. */
export function kindOfService(
  { namespace, name }: { namespace: string; name: string },
  workloads: readonly { kind: string; namespace: string; name: string }[] = [],
): 'Deployment' | 'Rollout' {
  const isIt = workloads.some(
    (one) => one.kind === 'Rollout' && one.namespace === namespace && one.name === name,
  );
  return isIt ? 'Rollout' : 'Deployment';
}
