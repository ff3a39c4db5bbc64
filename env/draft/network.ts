/** The network plugin, by the image of its DaemonSet. */
import { commentedOut, open, todo } from '../../probes/drafting.ts';
import type { Draft, DraftMap } from '../../probes/drafting.ts';
import { atMost } from '../../reports/record/at-most.ts';
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

const NO_DAEMON_SET =
  'A plugin of files on the nodes alone has no daemonSet here: pod addresses must lie in the podCIDR of their node then';
/** DaemonSets that a comment names. */
const MOST = 5;

/** What may be it: what runs on nodes beside kube-proxy, in `kube-system` first. */
function unrecognised(daemons: readonly SeenSet[]): string {
  const candidates = daemons
    .filter(({ name }) => name !== 'kube-proxy')
    .toSorted((a, b) => Number(isOfSystem(b)) - Number(isOfSystem(a)))
    .map(({ namespace, name }) => `${namespace}/${name}`);
  const among =
    candidates.length === 0
      ? 'no DaemonSet was seen'
      : `one of ${atMost(candidates, MOST).join(', ')} may be it`;
  return `no network plugin was recognised by its image: ${among}`;
}

const isOfSystem = ({ namespace }: SeenSet): boolean => namespace === 'kube-system';

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
    return commentedOut([open(unrecognised(daemons)), NO_DAEMON_SET], {
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
