import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { ROLLBACKS } from '../../env/providers/declared.ts';
import type { RollbackKind } from '../../env/providers/declaring.ts';
import type { Undo } from '../../env/providers/provider.ts';
import type { LlmBehaviour } from '../../env/schema.ts';
import { processAlive } from '../../host/process-identity.ts';
import { freezerState, thawCgroup } from '../../host/cgroups/freezer.ts';
import { CommandError, run, runAny } from '../../host/run.ts';
import { tellStandIn } from '../../probes/ai/stand-in.ts';
import { lookUntil } from '../../host/wait.ts';
import type { NodePower } from '../../faults/_common/rollback.ts';
import type { KubeCall, NodeRollback, UndoResult } from './types.ts';

/** One command of a rollback; a healthy one takes milliseconds, a reload of a load balancer a second. */
const COMMAND_DEADLINE_MS = 15_000;
/** How often in a row a node must report that it is on: an earlier order to switch it off may still be in flight. */
const LOOKS_IN_A_ROW = 3;
const LOOK_EVERY_MS = 1_000;

/** How rollbacks of some kinds are undone. */
type UndoKinds<K extends NodeRollback['kind']> = {
  readonly [Each in K]: (
    rollback: Extract<NodeRollback, { kind: Each }>,
    kube: KubeCall | null,
  ) => Promise<UndoResult> | UndoResult;
};

const UNDO: UndoKinds<Exclude<NodeRollback['kind'], RollbackKind>> = {
  thaw: undoThaw,
  'static-pod': undoStaticPod,
  route: undoRoute,
  'node-power': async (rollback, kube) => {
    try {
      return await undoPowerLoss(rollback);
    } catch (error) {
      // Only the command that switches it on is held to its exit code; one that cannot be started has -2.
      const failed = error instanceof CommandError && (error.result.code ?? 0) > 0;
      if (!failed || kube === null || !(await isGone(rollback, kube))) throw error;
      const note = `the Node ${rollback.node} is gone, and its machine cannot be switched on: ${error.message}`;
      return { outcome: 'void', note };
    }
  },
  file: undoFile,
  'packet-filter': undoPacketFilter,
  'stand-in': undoStandIn,
};

let ofProviders: Undo | null = null;

/** Registers how the providers' own kinds are undone; called by each process that may undo (`runner/provider-safety.ts`). */
export function provideUndo(kinds: Undo): void {
  ofProviders = kinds;
}

/**
 * Undoes one thing that was done on this host.
 * @param kube tells of a node that cannot be switched on whether it is gone; null: the API server cannot be reached from here
 * @throws Error when it did not work and can be tried again.
 */
export async function undoNode(rollback: NodeRollback, kube: KubeCall | null = null): Promise<UndoResult> {
  const known: Partial<UndoKinds<NodeRollback['kind']>> = { ...UNDO, ...ofProviders };
  const undo = known[rollback.kind] as
    ((rollback: NodeRollback, kube: KubeCall | null) => Promise<UndoResult> | UndoResult) | undefined;
  if (undo === undefined)
    throw new Error(`this process does not know how "${rollback.kind}" is undone: run plumbline restore`);
  return undo(rollback, kube);
}

/** Kinds that a reboot of this machine undoes by itself. */
export function endsWithBoot(rollback: NodeRollback): boolean {
  return (
    rollback.kind === 'thaw' ||
    rollback.kind === 'route' ||
    rollback.kind === 'packet-filter' ||
    (rollback.kind === 'stand-in' && rollback.embedded === true) ||
    ROLLBACKS.some(({ kind, endsWithBoot: ends }) => kind === rollback.kind && ends === true)
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

/** `from` is where kubelet reads the manifest, `to` is where it was moved aside: the undo goes from `to` back to `from`. */
function undoStaticPod({ from, to }: { from: string; to: string }): UndoResult {
  if (!existsSync(to)) {
    return existsSync(from)
      ? { outcome: 'already' }
      : { outcome: 'void', note: `neither ${from} nor ${to} is there: the node is gone` };
  }
  if (existsSync(from))
    return { outcome: 'conflict', note: `${from} was written again meanwhile; the old file stays at ${to}` };
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
  // Even if the node looks on: an earlier order to switch it off may be in flight, and a second order to switch on is harmless.
  await run(on, { timeoutMs });
  let inRow = 0;
  const said = await lookUntil(
    async () => {
      const { stdout } = await runAny(state, { timeoutMs });
      inRow = stdout.includes(isOn) && !stdout.includes(isOff) ? inRow + 1 : 0;
      return stdout;
    },
    () => inRow >= LOOKS_IN_A_ROW,
    { deadlineMs: timeoutMs, intervalMs: LOOK_EVERY_MS },
  );
  if (inRow >= LOOKS_IN_A_ROW) return { outcome: 'undone' };
  throw new Error(
    `\`${on.join(' ')}\` was run, but \`${state.join(' ')}\` did not print "${isOn}" ${LOOKS_IN_A_ROW} times in a row within ${timeoutMs / 1000} s; last output: "${said.trim().slice(0, 100)}"`,
  );
}

/**
 * Whether a machine that cannot be switched on is gone: a group of machines replaces one that was stopped, and its Node object is deleted. A
 * cloud may delete the Node of a machine that is only off: so the machine must not be said to be off.
 */
async function isGone(
  { node, commands: { state, isOff, timeoutMs } }: { node: string; commands: NodePower },
  kube: KubeCall,
): Promise<boolean> {
  try {
    const path = `/api/v1/nodes/${node}`;
    const { status } = await kube({ method: 'GET', path, timeoutMs: COMMAND_DEADLINE_MS });
    return status === 404 && !(await runAny(state, { timeoutMs })).stdout.includes(isOff);
  } catch {
    // Whatever cannot be asked proves nothing: it is tried again.
    return false;
  }
}

async function undoPacketFilter(rollback: {
  pid: number;
  startTime: string;
  table: string;
}): Promise<UndoResult> {
  if (!processAlive(rollback)) return { outcome: 'already' };
  const inside = ['nsenter', `--net=/proc/${rollback.pid}/ns/net`, '--', 'nft'];
  const shown = await run([...inside, 'list', 'tables'], { timeoutMs: COMMAND_DEADLINE_MS });
  if (!shown.split('\n').includes(`table inet ${rollback.table}`)) return { outcome: 'already' };
  await run([...inside, 'delete', 'table', 'inet', rollback.table], { timeoutMs: COMMAND_DEADLINE_MS });
  return { outcome: 'undone' };
}

async function undoFile(rollback: Extract<NodeRollback, { kind: 'file' }>): Promise<UndoResult> {
  const { path, before, afterSha256, mode } = rollback;
  const now = existsSync(path) ? readFileSync(path) : null;
  const wanted = before === null ? null : Buffer.from(before, 'base64');
  if (now === null ? wanted === null : wanted !== null && now.equals(wanted)) return { outcome: 'already' };
  if ((now === null ? null : sha256(now)) !== afterSha256) {
    return { outcome: 'conflict', note: `${path} was changed by someone else since; left as it is` };
  }
  if (wanted === null) rmSync(path, { force: true });
  else replaceFile(path, wanted, mode);
  if (rollback.then !== undefined) await run(rollback.then, { timeoutMs: COMMAND_DEADLINE_MS });
  return { outcome: 'undone' };
}

/** SHA-256 in hexadecimal: what a file rollback compares by. */
export function sha256(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

function replaceFile(path: string, content: Uint8Array, mode: number | undefined): void {
  mkdirSync(dirname(path), { recursive: true });
  const beside = `${path}.plumbline-undo`;
  writeFileSync(beside, content, mode === undefined ? {} : { mode });
  renameSync(beside, path);
}
