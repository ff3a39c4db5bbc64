/** The network plugin, by the image of its DaemonSet. */
import { commentedOut, open, todo } from '../../probes/drafting.ts';
import type { Draft, DraftMap } from '../../probes/drafting.ts';
import type { SeenSet } from '../../probes/store/recognising.ts';

interface Plugin {
  name: string;
  image: RegExp;
  /** Whether it enforces NetworkPolicy by its documentation; null: that depends on how it is set up. */
  enforces: boolean | null;
}

const PLUGINS: readonly Plugin[] = [
  { name: 'calico', image: /calico\/node/, enforces: true },
  { name: 'cilium', image: /cilium\/cilium/, enforces: true },
  { name: 'antrea', image: /antrea-(agent|ubuntu|ubi)/, enforces: true },
  { name: 'kube-router', image: /kube-router/, enforces: true },
  { name: 'kube-ovn', image: /kube-ovn/, enforces: true },
  { name: 'ovn-kubernetes', image: /ovn-kube/, enforces: true },
  { name: 'weave', image: /weave-kube/, enforces: true },
  { name: 'flannel', image: /flannel/, enforces: false },
  { name: 'amazon-vpc', image: /amazon-k8s-cni/, enforces: null },
  { name: 'azure', image: /azure-(cns|cni)/, enforces: null },
  { name: 'kindnet', image: /kindnetd/, enforces: null },
];

/** `topology.network` */
export function networkDraft(sets: readonly SeenSet[]): Draft {
  const daemons = sets.filter(({ kind }) => kind === 'DaemonSet');
  const found = PLUGINS.flatMap((plugin) => {
    const set = daemons.find(({ containers }) => containers.some(({ image }) => plugin.image.test(image)));
    return set === undefined ? [] : [{ plugin, set }];
  })[0];
  const probeImage = commentedOut(
    ['An image with busybox that nodes can pull; left out: that of the first serving workload'],
    'registry.example.com/tools/busybox:1.37',
  );
  if (found === undefined)
    return commentedOut([open('no network plugin was recognised by its image: kubectl get daemonsets -A')], {
      cni: { name: 'unknown' },
      policyEnforced: false,
      probeImage,
    });
  const { plugin, set } = found;
  const network = (policyEnforced: Draft): DraftMap => ({
    cni: { name: plugin.name, daemonSet: { namespace: set.namespace, name: set.name } },
    policyEnforced,
    probeImage,
  });
  if (plugin.enforces !== null) return network(plugin.enforces);
  return commentedOut(
    [open('whether it enforces NetworkPolicy depends on how it is set up: ask its owners')],
    network(todo(false, 'true or false')),
  );
}
