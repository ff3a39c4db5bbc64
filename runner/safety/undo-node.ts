import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LlmBehaviour } from '../../env/schema.ts';
import { setApiServers, setExtraConfig } from '../../env/local/cluster/load-balancer.ts';
import { processAlive } from '../../host/process-identity.ts';
import {
  freezerState,
  hasLink,
  linkState,
  nodeDir,
  nodeSpec,
  nodeStatus,
  restoreLink,
  startNode,
  thawCgroup,
} from '../../env/local/nodes/index.ts';
import type { InstanceName } from '../../env/local/nodes/index.ts';
import { stateDir } from '../../env/local/paths.ts';
import { run, runAny } from '../../host/run.ts';
import { tellStandIn } from '../../probes/ai/stand-in.ts';
import { monoMs } from '../../probes/clock.ts';
import type { NodePower } from '../../suites/faults/inverse.ts';
import type { NodeInverse, UndoResult } from './types.ts';

/** One command of an inverse; a healthy one takes milliseconds, a reload of a load balancer a second. */
const COMMAND_DEADLINE_MS = 15_000;
/** How often in a row a node must be said to be on: what was ordered before may still be on its way. */
const LOOKS_IN_A_ROW = 3;
const LOOK_EVERY_MS = 1_000;

type Kinds = {
  [K in NodeInverse['kind']]: (
    inverse: Extract<NodeInverse, { kind: K }>,
  ) => Promise<UndoResult> | UndoResult;
};

const UNDO: Kinds = {
  thaw: undoThaw,
  'link-up': undoCut,
  'node-start': undoNodeLoss,
  'static-pod': undoStaticPod,
  route: undoRoute,
  'node-power': undoPowerLoss,
  command: ({ argv, until, timeoutMs }) =>
    undoPowerLoss({
      commands: { on: argv, state: until.argv, isOn: until.includes, isOff: until.excludes, timeoutMs },
    }),
  file: undoFile,
  'packet-filter': undoPacketFilter,
  'api-servers': undoApiServers,
  'edge-config': undoEdgeConfig,
  'stand-in': undoStandIn,
};

/**
 * Undoes one thing that was done on this host.
 * @throws Error when it did not work and can be tried again.
 */
export async function undoNode(inverse: NodeInverse): Promise<UndoResult> {
  const undo = UNDO[inverse.kind] as (inverse: NodeInverse) => Promise<UndoResult> | UndoResult;
  return undo(inverse);
}

/** Kinds that a restart of the machine undoes by itself: the kernel forgot them. */
export function endsWithBoot(inverse: NodeInverse): boolean {
  return (
    inverse.kind === 'thaw' ||
    inverse.kind === 'link-up' ||
    inverse.kind === 'node-start' ||
    inverse.kind === 'route' ||
    inverse.kind === 'packet-filter' ||
    (inverse.kind === 'stand-in' && inverse.embedded === true)
  );
}

async function undoStandIn({ url, rest }: { url: string; rest: LlmBehaviour }): Promise<UndoResult> {
  await tellStandIn(url, rest, { deadlineMs: COMMAND_DEADLINE_MS });
  return { outcome: 'undone' };
}

function undoThaw({ cgroup }: { cgroup: string }): UndoResult {
  if (!existsSync(cgroup) || freezerState(cgroup) === 'THAWED') return { outcome: 'already' };
  thawCgroup(cgroup);
  return { outcome: 'undone' };
}

async function undoCut(port: { instance: InstanceName; link: string }): Promise<UndoResult> {
  if (!(await hasLink(port))) {
    // Earlier versions kept it, and the bridge, in the host's own namespace.
    if (existsSync(`/sys/class/net/${port.link}`))
      throw new Error(
        `the link ${port.link} is of an environment that another version has raised: plumbline env down`,
      );
    return { outcome: 'void', note: `the link ${port.link} is gone` };
  }
  if ((await linkState(port)) === 'up') return { outcome: 'already' };
  await restoreLink(port);
  return { outcome: 'undone' };
}

/** Returns when the node's containerd answers; its kubelet then says Ready by itself, and takes its pods up again. */
async function undoNodeLoss(inverse: Extract<NodeInverse, { kind: 'node-start' }>): Promise<UndoResult> {
  const { instance, binDir, size } = inverse;
  const node = nodeSpec(instance, inverse.node);
  if (!existsSync(nodeDir(node))) return { outcome: 'void', note: `the node ${node.name} was removed` };
  if (nodeStatus(node).running) return { outcome: 'already' };
  await startNode(node, { binDir, size });
  return { outcome: 'undone' };
}

/** `from` is where kubelet reads the manifest, `to` is where it was moved aside: the undo goes from `to` back to `from`. */
function undoStaticPod({ from, to }: { from: string; to: string }): UndoResult {
  if (!existsSync(to)) {
    return existsSync(from)
      ? { outcome: 'already' }
      : { outcome: 'void', note: `neither ${from} nor ${to} is there: the node is gone` };
  }
  if (existsSync(from))
    return { outcome: 'conflict', note: `${from} was written anew meanwhile; the old one stays at ${to}` };
  renameSync(to, from);
  return { outcome: 'undone' };
}

async function undoRoute({ netns, route }: { netns: string; route: string[] }): Promise<UndoResult> {
  if (!existsSync(`/run/netns/${netns}`))
    return { outcome: 'void', note: `the network namespace ${netns} is gone` };
  const target = route[0] ?? '';
  const shown = await run(['ip', '-n', netns, 'route', 'show', target], { timeoutMs: COMMAND_DEADLINE_MS });
  if (shown.startsWith(target)) return { outcome: 'already' };
  await run(['ip', '-n', netns, 'route', 'replace', ...route], { timeoutMs: COMMAND_DEADLINE_MS });
  return { outcome: 'undone' };
}

async function undoPowerLoss({ commands }: { commands: NodePower }): Promise<UndoResult> {
  const { on, state, isOn, isOff, timeoutMs } = commands;
  // Whatever it looks like now: what was ordered before may still be under way, and the command is harmless then.
  await run(on, { timeoutMs });
  const deadline = monoMs() + timeoutMs;
  for (let inRow = 0; ;) {
    const { stdout } = await runAny(state, { timeoutMs });
    inRow = stdout.includes(isOn) && !stdout.includes(isOff) ? inRow + 1 : 0;
    if (inRow >= LOOKS_IN_A_ROW) return { outcome: 'undone' };
    if (monoMs() > deadline)
      throw new Error(
        `\`${on.join(' ')}\` was run, but \`${state.join(' ')}\` did not go on printing "${isOn}" within ${timeoutMs / 1000} s; last: "${stdout.trim().slice(0, 100)}"`,
      );
    await sleep(LOOK_EVERY_MS);
  }
}

async function undoPacketFilter(inverse: {
  pid: number;
  startTime: string;
  table: string;
}): Promise<UndoResult> {
  if (!processAlive(inverse)) return { outcome: 'already' };
  const inside = ['nsenter', `--net=/proc/${inverse.pid}/ns/net`, '--', 'nft'];
  const shown = await run([...inside, 'list', 'tables'], { timeoutMs: COMMAND_DEADLINE_MS });
  if (!shown.split('\n').includes(`table inet ${inverse.table}`)) return { outcome: 'already' };
  await run([...inside, 'delete', 'table', 'inet', inverse.table], { timeoutMs: COMMAND_DEADLINE_MS });
  return { outcome: 'undone' };
}

async function undoFile(inverse: Extract<NodeInverse, { kind: 'file' }>): Promise<UndoResult> {
  const { path, before, afterSha256, mode } = inverse;
  const now = existsSync(path) ? readFileSync(path) : null;
  const wanted = before === null ? null : Buffer.from(before, 'base64');
  if (now === null ? wanted === null : wanted !== null && now.equals(wanted)) return { outcome: 'already' };
  if ((now === null ? null : sha256(now)) !== afterSha256) {
    return { outcome: 'conflict', note: `${path} was changed by someone else since; left as it is` };
  }
  if (wanted === null) rmSync(path, { force: true });
  else replaceFile(path, wanted, mode);
  if (inverse.then !== undefined) await run(inverse.then, { timeoutMs: COMMAND_DEADLINE_MS });
  return { outcome: 'undone' };
}

async function undoApiServers(inverse: Extract<NodeInverse, { kind: 'api-servers' }>): Promise<UndoResult> {
  await setApiServers(inverse.instance, inverse.before);
  return { outcome: 'undone' };
}

async function undoEdgeConfig(inverse: Extract<NodeInverse, { kind: 'edge-config' }>): Promise<UndoResult> {
  const file = join(stateDir(inverse.instance), 'lb/edge.cfg');
  const now = existsSync(file) ? readFileSync(file, 'utf8') : '';
  if (now === inverse.before) return { outcome: 'already' };
  if (sha256(Buffer.from(now)) !== inverse.afterSha256)
    return { outcome: 'conflict', note: `${file} was changed by someone else since; left as it is` };
  await setExtraConfig(inverse.instance, inverse.before);
  return { outcome: 'undone' };
}

/** SHA-256 in hexadecimal: what a file inverse compares by. */
export function sha256(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

function replaceFile(path: string, content: Uint8Array, mode: number | undefined): void {
  mkdirSync(dirname(path), { recursive: true });
  const beside = `${path}.plumbline-undo`;
  writeFileSync(beside, content, mode === undefined ? {} : { mode });
  renameSync(beside, path);
}
