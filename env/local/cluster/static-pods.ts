import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';
import type { NodeSpec } from '../nodes/addressing.ts';
import { onHost } from '../nodes/files.ts';

/** The pods that kubelet runs from files, without an API server. */
export type StaticPodName = 'etcd' | 'kube-apiserver' | 'kube-controller-manager' | 'kube-scheduler';

/** A manifest moved aside: its former path and its present one, on the host. This is all that the rollback needs. */
export type StaticPodRemoval = { readonly from: string; readonly to: string };

/** The manifest of a static pod as a path on the host. */
export function staticPodManifest(node: NodeSpec, name: StaticPodName): string {
  return onHost(node, `/etc/kubernetes/manifests/${name}.yaml`);
}

/** What stopStaticPod will move, to be recorded before it is moved. */
export function staticPodRemoval(node: NodeSpec, name: StaticPodName): StaticPodRemoval {
  const to = onHost(node, `/etc/kubernetes/plumbline-stopped/${name}.yaml`);
  return { from: staticPodManifest(node, name), to };
}

/**
 * Moves a static pod's manifest aside, so that kubelet ends the pod. Idempotent; startStaticPod is the rollback.
 * @throws Error when the node has no such pod.
 */
export function stopStaticPod(node: NodeSpec, name: StaticPodName): Promise<StaticPodRemoval> {
  const removal = staticPodRemoval(node, name);
  return Promise.resolve().then(() => {
    if (existsSync(removal.to) && !existsSync(removal.from)) return removal;
    mkdirSync(dirname(removal.to), { recursive: true });
    renameSync(removal.from, removal.to);
    return removal;
  });
}

/** Moves a manifest back. Does nothing if it is back already. */
export function startStaticPod(removal: StaticPodRemoval): Promise<void> {
  return Promise.resolve().then(() => {
    if (existsSync(removal.from) && !existsSync(removal.to)) return;
    renameSync(removal.to, removal.from);
  });
}
