/**
 * The power of nodes, as an environment declares it (`cluster.power`): here it starts and ends nodes of the small embedded environment.
 * Usage: power.ts off|on|state NODE BIN_DIR
 */
import { nodeSpec, nodeStatus, startNode, stopNode } from '../../../env/local/nodes/index.ts';
import { INSTANCE } from './instance.ts';

const [, , action = '', name = '', binDir = ''] = process.argv;
const node = nodeSpec(INSTANCE, name);
if (action === 'off') await stopNode(node);
if (action === 'on') await startNode(node, { binDir, size: 'small' });
process.stdout.write(`power of ${name}: ${nodeStatus(node).running ? 'on' : 'off'}\n`);
process.exit();
