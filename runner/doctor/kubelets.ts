import { traitsOf } from '../../env/providers/declared.ts';
import { askText, connectError } from '../../probes/asking.ts';
import { KUBELET_PORT, kubeletName } from '../../reports/record/names/topology-names.ts';
import { withoutOthers } from '../../suites/topology/_objects/declared.ts';
import { conditionTrue, internalAddress, isVirtual } from '../../suites/topology/_objects/shapes.ts';
import { askedBy } from './asked.ts';
import { missing, notNeeded, NOT_REACHED, ok, optional, unknown } from './item.ts';
import type { Item, Kind, Situation } from './item.ts';

/** The addresses of nodes, at which the certificates of kubelets are looked at: one stands for all, of a node that is Ready where there is one. */
export const kubelets: Kind = { name: 'kubelets', look };

const WHAT = 'kubelets, at the addresses of their nodes';

async function look(situation: Situation): Promise<Item[]> {
  const { environment, reached, deadlineMs, signal } = situation;
  // Who looks at declared certificates looks at theirs.
  if (!askedBy(situation)('topology.certificates')) return [];
  if (traitsOf(environment).reach === 'port-forward')
    return [notNeeded(WHAT, 'cluster.reach: port-forward: their certificates are not looked at')];
  if (reached === null) return [unknown(WHAT, NOT_REACHED)];
  const { items, unavailable } = await reached.cluster.list({ kind: 'v1/Node' });
  if (unavailable !== undefined) return [unknown(WHAT, `the nodes cannot be listed: ${unavailable}`)];
  const real = withoutOthers(items, environment.topology.nodes).filter((node) => !isVirtual(node));
  const [first] = [...real.filter((node) => conditionTrue(node.status.conditions, 'Ready')), ...real].flatMap(
    (node) => {
      const host = internalAddress(node);
      return host === undefined ? [] : [{ name: node.metadata.name, host }];
    },
  );
  if (first === undefined) return [unknown(WHAT, 'no node was listed that has an InternalIP')];
  const what = `${kubeletName(first.name)} at ${first.host}:${KUBELET_PORT}`;
  const error = await connectError({ host: first.host, port: KUBELET_PORT }, { deadlineMs, signal });
  if (error === null) return [ok(what, 'accepts connections')];
  const add =
    'a way from this machine to the addresses of nodes (routes, NetworkPolicy, firewall); or, outside of their network, cluster.reach: port-forward: their certificates are then not looked at';
  // No read-only run is refused for it.
  return [
    environment.readOnly === true
      ? optional(what, `without it inconclusive: topology/cluster/versions: ${askText(error)}`, add)
      : missing(what, askText(error), add),
  ];
}
