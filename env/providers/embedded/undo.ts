/** Rollbacks for nodes of an embedded environment: only the code that started a node can restore it. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setApiServers, setExtraConfig } from '../../local/cluster/load-balancer.ts';
import {
  hasLink,
  linkState,
  nodeDir,
  nodeSpec,
  nodeStatus,
  restoreLink,
  startNode,
} from '../../local/nodes/index.ts';
import { stateDir } from '../../../host/paths.ts';
import type { ProviderRollbacks } from '../declaring.ts';
import type { Undo, UndoResult } from '../provider.ts';

export const undo: Undo = {
  'link-up': undoCut,
  'node-start': undoNodeLoss,
  'api-servers': undoApiServers,
  'edge-config': undoEdgeConfig,
};

async function undoCut(port: ProviderRollbacks['link-up']): Promise<UndoResult> {
  if (!(await hasLink(port))) return { outcome: 'void', note: `the link ${port.link} is gone` };
  if ((await linkState(port)) === 'up') return { outcome: 'already' };
  await restoreLink(port);
  return { outcome: 'undone' };
}

/** Returns when the node's containerd answers; kubelet then becomes Ready and restarts its pods by itself. */
async function undoNodeLoss(rollback: ProviderRollbacks['node-start']): Promise<UndoResult> {
  const { instance, binDir, size } = rollback;
  const node = nodeSpec(instance, rollback.node);
  if (!existsSync(nodeDir(node))) return { outcome: 'void', note: `the node ${node.name} was removed` };
  if (nodeStatus(node).running) return { outcome: 'already' };
  await startNode(node, { binDir, size });
  return { outcome: 'undone' };
}

async function undoApiServers(rollback: ProviderRollbacks['api-servers']): Promise<UndoResult> {
  await setApiServers(rollback.instance, rollback.before);
  return { outcome: 'undone' };
}

async function undoEdgeConfig(rollback: ProviderRollbacks['edge-config']): Promise<UndoResult> {
  const file = join(stateDir(rollback.instance), 'lb/edge.cfg');
  const now = existsSync(file) ? readFileSync(file, 'utf8') : '';
  if (now === rollback.before) return { outcome: 'already' };
  if (createHash('sha256').update(now).digest('hex') !== rollback.afterSha256)
    return { outcome: 'conflict', note: `${file} was changed by someone else since; left as it is` };
  await setExtraConfig(rollback.instance, rollback.before);
  return { outcome: 'undone' };
}
