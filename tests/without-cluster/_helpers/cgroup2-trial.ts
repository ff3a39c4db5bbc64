/**
 * What cgroup2.itest.ts runs where cgroup v2 is all that is mounted: the injector on this machine freezes a container and kills a pod, and the
 * undo thaws. Prints what it saw.
 */
import { spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cgroups } from '../../../host/cgroups/cgroup-versions.ts';
import { cgroupName, removeCgroups } from '../../../env/local/nodes/cgroups.ts';
import { freezerState } from '../../../host/cgroups/freezer.ts';
import { undoNode } from '../../../runner/safety/undo-node.ts';
import type { FaultInjector } from '../../../faults/_common/fault.ts';
import { NodeInjector } from '../../../env/local/node-injector.ts';

const INSTANCE = 'local';
const NODE = 'worker-1';
const uid = randomUUID();
const id = randomBytes(32).toString('hex');

type Act = keyof Pick<FaultInjector, 'crash' | 'freeze'>;

const machine = cgroups();
const place = join(cgroupName(INSTANCE, NODE), 'kubepods/burstable', `pod${uid}`, id);
const cgroup = join(machine.mountOf('freezer'), place);
const injector = new NodeInjector({
  instance: INSTANCE,
  size: 'small',
  landingMs: 5_000,
  signal: AbortSignal.timeout(20_000),
});
const member = { name: 'trial', uid, node: NODE, containers: { main: `containerd://${id}` } };
const seen: Record<string, string> = { version: String(machine.version) };

async function act(what: Act): Promise<void> {
  const prepared = await (what === 'crash' ? injector.crash(member) : injector.freeze(member, 'main'));
  if ('reason' in prepared) {
    seen[what] = prepared.reason;
    return;
  }
  const landed = await prepared.act(() => undefined);
  seen[what] = typeof landed === 'string' ? landed : `${landed.by}: ${landed.proof}`;
}

mkdirSync(cgroup, { recursive: true });
const child = spawn('sleep', ['600'], { stdio: 'ignore' });
await once(child, 'spawn');
seen['pid'] = String(child.pid);
writeFileSync(join(cgroup, 'cgroup.procs'), seen['pid']);
const ended = once(child, 'exit');
await act('freeze');
seen['frozen'] = freezerState(cgroup);
seen['undone'] = (await undoNode({ kind: 'thaw', cgroup })).outcome;
seen['thawed'] = freezerState(cgroup);
seen['again'] = (await undoNode({ kind: 'thaw', cgroup })).outcome;
// A frozen pod is killed as well: nothing has to be thawed for it.
await act('freeze');
await act('crash');
await ended;
await removeCgroups(cgroupName(INSTANCE), { deadlineMs: 5_000 });
seen['gone'] = (await undoNode({ kind: 'thaw', cgroup })).outcome;
process.stdout.write(`${JSON.stringify(seen)}\n`);
