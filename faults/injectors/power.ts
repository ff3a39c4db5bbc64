import { setTimeout as sleep } from 'node:timers/promises';
import { run } from '../../host/run.ts';
import { monoMs } from '../../host/clock.ts';
import type { FaultMember, Preparation } from '../_common/fault.ts';
import type { NodePower } from '../_common/inverse.ts';

const LOOK_EVERY_MS = 250;

/** The environment's own commands for the power of a node; `{node}` stands for its name. */
export interface PowerCommands {
  off: readonly string[];
  on: readonly string[];
  state: readonly string[];
  isOn: string;
  isOff: string;
  /** How long each of them may take, ms. */
  timeoutMs: number;
}

/** How a node is given its power back: what the ledger of this machine holds. */
export function nodePower(node: string, { on, state, isOn, isOff, timeoutMs }: PowerCommands): NodePower {
  return { on: commandFor(node, on), state: commandFor(node, state), isOn, isOff, timeoutMs };
}

function commandFor(node: string, argv: readonly string[]): string[] {
  return argv.map((word) => word.replaceAll('{node}', node));
}

/** Takes the power of the member's node away, and knows how it is given back. Landed when the state is the one of a node that is off. */
export async function loseNode(
  member: FaultMember,
  power: PowerCommands,
  signal: AbortSignal,
): Promise<Preparation> {
  const { node } = member;
  if (node === null) return { reason: `${member.name} is on no node` };
  // Kubernetes tells every container so. The node may be this pod's own, and the timer that gives the power back ends with the container.
  if (process.env['KUBERNETES_SERVICE_HOST'] !== undefined)
    return {
      reason: 'Plumbline runs in a pod, which may go with the node: run this drill from a machine outside',
    };
  const state = (): Promise<string> =>
    run(commandFor(node, power.state), { timeoutMs: power.timeoutMs, signal });
  const before = await state();
  // What says "off" is off: the other word may be a part of it, or of the node's name.
  if (!before.includes(power.isOn) || before.includes(power.isOff))
    return { reason: `${node} is not on before its power is taken: "${before.trim().slice(0, 100)}"` };
  return {
    member,
    found: `node ${node}`,
    inverses: [{ kind: 'node-power', node, commands: nodePower(node, power) }],
    // The order itself, and the wait for what it does.
    endsWithinMs: 2 * power.timeoutMs,
    act: async (acted) => {
      const lastBeforeMs = monoMs();
      await run(commandFor(node, power.off), { timeoutMs: power.timeoutMs });
      acted(`power of ${node} ordered off`);
      const until = monoMs() + power.timeoutMs;
      for (;;) {
        const seen = (await state()).trim();
        const landedMs = monoMs();
        if (seen.includes(power.isOff)) {
          const proof = `the power of ${node} is off: "${seen.slice(0, 100)}"`;
          return { lastBeforeMs, landedMs, by: 'power off', proof };
        }
        if (landedMs > until)
          return `the power of ${node} was not off within ${power.timeoutMs / 1000} s: "${seen.slice(0, 100)}"`;
        await sleep(LOOK_EVERY_MS, undefined, { signal });
      }
    },
  };
}
