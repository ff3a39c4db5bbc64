/** The network plugin, by the image or the name of its DaemonSet. */
import { commentedOut, guess, open } from '../../probes/drafting.ts';
import type { Draft, DraftMap } from '../../probes/drafting.ts';
import { imagePath } from '../../probes/store/recognising.ts';
import type { SeenSet } from '../../probes/store/recognising.ts';

interface Plugin {
  name: string;
  image?: RegExp;
  /** The name of its DaemonSet, where images do not tell it: one of several plugins together, or images that a distribution calls its own names. */
  set?: RegExp;
  /** Whether it enforces NetworkPolicy by its documentation; null: that depends on how it is set up. */
  enforces: boolean | null;
}

/** The first that is found is taken: Canal is Flannel, with Calico for policies. */
const PLUGINS: readonly Plugin[] = [
  { name: 'canal', set: /^(rke2-)?canal$/, enforces: true },
  { name: 'calico', image: /calico[/-]node|calico$/, enforces: true },
  { name: 'cilium', image: /cilium[/-]cilium/, enforces: true },
  { name: 'antrea', image: /antrea-(agent|ubuntu|ubi)/, enforces: true },
  { name: 'kube-router', image: /kube-router/, enforces: true },
  { name: 'kube-ovn', image: /kube-ovn/, enforces: true },
  { name: 'ovn-kubernetes', image: /ovn-kube/, set: /^ovnkube-node$/, enforces: true },
  { name: 'weave', image: /weave-kube/, enforces: true },
  { name: 'flannel', image: /flannel/, enforces: false },
  { name: 'amazon-vpc', image: /amazon-k8s-cni/, enforces: null },
  { name: 'azure', image: /azure-(cns|cni)/, enforces: null },
  { name: 'kindnet', image: /kindnetd/, enforces: null },
];

const UNKNOWN = [
  open('no network plugin was recognised by its image or name: kubectl get daemonsets -A'),
  'A plugin of files on the nodes alone has no daemonSet here: pod addresses must lie in the podCIDR of their node then',
];

function isOf(plugin: Plugin, { name, containers }: SeenSet): boolean {
  return (
    plugin.set?.test(name) === true ||
    containers.some(({ image }) => plugin.image?.test(imagePath(image)) === true)
  );
}

/** `topology.network` */
export function networkDraft(sets: readonly SeenSet[]): Draft {
  const daemons = sets.filter(({ kind }) => kind === 'DaemonSet');
  const found = PLUGINS.flatMap((plugin) => {
    const set = daemons.find((one) => isOf(plugin, one));
    return set === undefined ? [] : [{ plugin, set }];
  })[0];
  const probeImage = commentedOut(
    ['An image with busybox that nodes can pull; left out: that of the first serving workload'],
    'registry.example.com/tools/busybox:1.37',
  );
  if (found === undefined)
    return commentedOut(UNKNOWN, { cni: { name: 'unknown' }, policyEnforced: false, probeImage });
  const { plugin, set } = found;
  const network = (policyEnforced: Draft): DraftMap => ({
    cni: { name: plugin.name, daemonSet: { namespace: set.namespace, name: set.name } },
    policyEnforced,
    probeImage,
  });
  if (plugin.enforces !== null) return network(plugin.enforces);
  return commentedOut(
    [open('whether it enforces NetworkPolicy depends on how it is set up: ask its owners')],
    network(guess(false, 'true or false')),
  );
}
