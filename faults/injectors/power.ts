import { run } from '../../host/run.ts';
import { monoMs } from '../../host/clock.ts';
import { lookUntil } from '../../host/wait.ts';
import type { FaultMember, Preparation } from '../_common/fault.ts';
import type { NodePower } from '../_common/rollback.ts';

const LOOK_EVERY_MS = 250;

/** The environment file's commands for the power of a node; `{node}` stands for the node's name. */
export interface PowerCommands {
  off: readonly string[];
  on: readonly string[];
  state: readonly string[];
  isOn: string;
  isOff: string;
  /** How long each of them may take, ms. */
  timeoutMs: number;
}

/** The rollback, as this machine's journal holds it: how to switch the node on again. */
export function nodePower(node: string, { on, state, isOn, isOff, timeoutMs }: PowerCommands): NodePower {
  return { on: commandFor(node, on), state: commandFor(node, state), isOn, isOff, timeoutMs };
}

function commandFor(node: string, argv: readonly string[]): string[] {
  return argv.map((word) => word.replaceAll('{node}', node));
}

/** Switches the member's node off. Landed when the state command prints `isOff`; the rollback switches the node on. */
export async function loseNode(
  member: FaultMember,
  power: PowerCommands,
  signal: AbortSignal,
): Promise<Preparation> {
  const { node } = member;
  if (node === null) return { reason: `${member.name} is on no node` };
  // Set in every container of Kubernetes. If the node were this pod's own, the timer of the rollback would be lost with the pod.
  if (process.env['KUBERNETES_SERVICE_HOST'] !== undefined)
    return {
      reason:
        'Plumbline runs in a pod, which may be lost with the node: run this drill from a machine outside the cluster',
    };
  const state = (): Promise<string> =>
    run(commandFor(node, power.state), { timeoutMs: power.timeoutMs, signal });
  const before = await state();
  // `isOff` takes precedence: `isOn` may be a part of it, or of the node's name.
  if (!before.includes(power.isOn) || before.includes(power.isOff))
    return {
      reason: `${node} must be on before it is switched off, but its state command printed "${before.trim().slice(0, 100)}"`,
    };
  return {
    member,
    found: `node ${node}`,
    rollbacks: [{ kind: 'node-power', node, commands: nodePower(node, power) }],
    // One timeout for the command, one for its effect.
    endsWithinMs: 2 * power.timeoutMs,
    act: async (acted) => {
      const lastBeforeMs = monoMs();
      await run(commandFor(node, power.off), { timeoutMs: power.timeoutMs });
      acted(`power of ${node} ordered off`);
      const seen = await lookUntil(
        async () => (await state()).trim(),
        (said) => said.includes(power.isOff),
        { deadlineMs: power.timeoutMs, intervalMs: LOOK_EVERY_MS, signal },
      );
      const landedMs = monoMs();
      const said = `"${seen.slice(0, 100)}"`;
      return seen.includes(power.isOff)
        ? { lastBeforeMs, landedMs, by: 'power off', proof: `the power of ${node} is off: ${said}` }
        : `the power of ${node} was not off within ${power.timeoutMs / 1000} s; its state command last printed ${said}`;
    },
  };
}
