import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { INVERSES } from '../../env/providers/declared.ts';
import type { InverseKind } from '../../env/providers/declaring.ts';
import type { Undo } from '../../env/providers/provider.ts';
import type { LlmBehaviour } from '../../env/schema.ts';
import { processAlive } from '../../host/process-identity.ts';
import { freezerState, thawCgroup } from '../../host/cgroups/freezer.ts';
import { run, runAny } from '../../host/run.ts';
import { tellStandIn } from '../../probes/ai/stand-in.ts';
import { lookUntil } from '../../host/wait.ts';
import type { NodePower } from '../../faults/_common/inverse.ts';
import type { NodeInverse, UndoResult } from './types.ts';

/** One command of an inverse; a healthy one takes milliseconds, a reload of a load balancer a second. */
const COMMAND_DEADLINE_MS = 15_000;
/** How often in a row a node must be said to be on: what was ordered before may still be on its way. */
const LOOKS_IN_A_ROW = 3;
const LOOK_EVERY_MS = 1_000;

/** How inverses of some kinds are undone. */
type UndoKinds<K extends NodeInverse['kind']> = {
  readonly [Each in K]: (inverse: Extract<NodeInverse, { kind: Each }>) => Promise<UndoResult> | UndoResult;
};

const UNDO: UndoKinds<Exclude<NodeInverse['kind'], InverseKind>> = {
  thaw: undoThaw,
  'static-pod': undoStaticPod,
  route: undoRoute,
  'node-power': undoPowerLoss,
  command: ({ argv, until, timeoutMs }) =>
    undoPowerLoss({
      commands: { on: argv, state: until.argv, isOn: until.includes, isOff: until.excludes, timeoutMs },
    }),
  file: undoFile,
  'packet-filter': undoPacketFilter,
  'stand-in': undoStandIn,
};

let ofProviders: Undo | null = null;

/** Who starts a process that may undo something says how the providers' own kinds are undone (`runner/provider-safety.ts`). */
export function provideUndo(kinds: Undo): void {
  ofProviders = kinds;
}

/**
 * Undoes one thing that was done on this host.
 * @throws Error when it did not work and can be tried again.
 */
export async function undoNode(inverse: NodeInverse): Promise<UndoResult> {
  const known: Partial<UndoKinds<NodeInverse['kind']>> = { ...UNDO, ...ofProviders };
  const undo = known[inverse.kind] as
    ((inverse: NodeInverse) => Promise<UndoResult> | UndoResult) | undefined;
  if (undo === undefined)
    throw new Error(`this process does not know how "${inverse.kind}" is undone: run plumbline restore`);
  return undo(inverse);
}

/** Kinds that a restart of the machine undoes by itself: the kernel forgot them. */
export function endsWithBoot(inverse: NodeInverse): boolean {
  return (
    inverse.kind === 'thaw' ||
    inverse.kind === 'route' ||
    inverse.kind === 'packet-filter' ||
    (inverse.kind === 'stand-in' && inverse.embedded === true) ||
    INVERSES.some(({ kind, endsWithBoot: ends }) => kind === inverse.kind && ends === true)
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
    `\`${on.join(' ')}\` was run, but \`${state.join(' ')}\` did not go on printing "${isOn}" within ${timeoutMs / 1000} s; last: "${said.trim().slice(0, 100)}"`,
  );
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
