import { z } from 'zod';
import { run } from '../../host/run.ts';
import { monoMs } from '../../host/clock.ts';
import { lookFor } from '../../host/wait.ts';
import { errorText } from '../../reports/record/error-text.ts';
import { hitOf } from '../_common/fault.ts';
import type { FaultMember, Preparation } from '../_common/fault.ts';
import type { Machine, NodePower } from '../_common/rollback.ts';

const LOOK_EVERY_MS = 250;

/** The environment file's commands for the power of a node; for `{node}`, `{providerId}` and `{instanceId}` see `Machine`. */
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
export function nodePower(machine: Machine, { on, state, isOn, isOff, timeoutMs }: PowerCommands): NodePower {
  return { on: commandFor(machine, on), state: commandFor(machine, state), isOn, isOff, timeoutMs };
}

/** Null: the Node object has none. */
type ProviderId = string | null | { reason: string };

/** `spec.providerID` of a Node object as the API server answers it; null if it has none. */
export function providerIdIn(node: unknown): string | null {
  const found = nodeSchema.safeParse(node);
  return found.success ? found.data.spec.providerID : null;
}

const nodeSchema = z.object({ spec: z.object({ providerID: z.string().min(1) }) });

const BY_ID = /\{(?:providerId|instanceId)\}/;
/**
 * It becomes an argument of commands, perhaps of a shell: nothing that means something there. What follows the last / is an argument, too,
 * and begins with no `-`: that would be an option.
 */
const PLAIN_ID = /^[a-z][a-z0-9.+-]*:\/\/(?:[\w./:@+=~-]*\/)?\w(?:[\w.:@+=~-]*\w)?$/i;

function nameById({ off, on, state }: Pick<PowerCommands, 'off' | 'on' | 'state'>): boolean {
  return [...off, ...on, ...state].some((word) => BY_ID.test(word));
}

/** Why the commands cannot name this machine; null: they can. */
export function unnameable({ node, providerId }: Machine, { off, on, state }: PowerCommands): string | null {
  if (!nameById({ off, on, state })) return null;
  if (providerId === null)
    return `cluster.power names machines by the provider's id, but the Node ${node} has no spec.providerID`;
  return PLAIN_ID.test(providerId)
    ? null
    : `cluster.power names machines by the provider's id, but that of the Node ${node} cannot be an argument: ${JSON.stringify(providerId.slice(0, 100))}; expected scheme://… of letters, digits and . / : @ + = ~ _ -, and a letter, digit or _ after the last /`;
}

function commandFor({ node, providerId }: Machine, argv: readonly string[]): string[] {
  const id = providerId ?? '';
  const values = { node, providerId: id, instanceId: id.slice(id.lastIndexOf('/') + 1) };
  return argv.map((word) =>
    word.replaceAll(/\{(node|providerId|instanceId)\}/g, (_, name: keyof typeof values) => values[name]),
  );
}

/**
 * Switches the member's node off. Landed when the state command prints `isOff`; the rollback switches the node on.
 * @param providerIdOf asked for the Node's `spec.providerID` where the commands need it, or why it cannot be read
 */
export async function loseNode(
  member: FaultMember,
  power: PowerCommands,
  { signal, providerIdOf }: { signal: AbortSignal; providerIdOf: (node: string) => Promise<ProviderId> },
): Promise<Preparation> {
  const { node } = member;
  if (node === null) return { reason: `${member.name} is on no node` };
  // Set in every container of Kubernetes. If the node were this pod's own, the timer of the rollback would be lost with the pod.
  if (process.env['KUBERNETES_SERVICE_HOST'] !== undefined)
    return {
      reason:
        'Plumbline runs in a pod, which may be lost with the node: run this drill from a machine outside the cluster',
    };
  const providerId = nameById(power) ? await providerIdOf(node) : null;
  if (providerId !== null && typeof providerId === 'object') return providerId;
  const machine: Machine = { node, providerId };
  const reason = unnameable(machine, power);
  if (reason !== null) return { reason };
  const state = (): Promise<string> =>
    run(commandFor(machine, power.state), { timeoutMs: power.timeoutMs, signal });
  const before = await state();
  // `isOff` takes precedence: `isOn` may be a part of it, or of the node's name.
  if (!before.includes(power.isOn) || before.includes(power.isOff))
    return {
      reason: `${node} must be on before it is switched off, but its state command printed "${before.trim().slice(0, 100)}"`,
    };
  return {
    member,
    found: `node ${node}`,
    rollbacks: [{ kind: 'node-power', node, commands: nodePower(machine, power) }],
    // One timeout for the command, one for its effect.
    endsWithinMs: 2 * power.timeoutMs,
    act: async (acted) => {
      const lastBeforeMs = monoMs();
      await run(commandFor(machine, power.off), { timeoutMs: power.timeoutMs });
      acted(`power of ${node} ordered off`);
      let last = '';
      // A look that fails has not seen it yet: a provider's interface refuses a request now and then.
      const look = async (): Promise<string | null> => {
        try {
          const said = (await state()).trim();
          last = `printed "${said.slice(0, 100)}"`;
          return said.includes(power.isOff) ? said : null;
        } catch (error) {
          signal.throwIfAborted();
          last = `failed: ${errorText(error).slice(0, 300)}`;
          return null;
        }
      };
      const bounds = { deadlineMs: power.timeoutMs, intervalMs: LOOK_EVERY_MS, signal };
      const said = await lookFor(look, bounds);
      const landedMs = monoMs();
      return said === null
        ? `the power of ${node} was not off within ${power.timeoutMs / 1000} s; its state command last ${last}`
        : {
            lastBeforeMs,
            landedMs,
            by: 'power off',
            proof: `the power of ${node} is off: "${said.slice(0, 100)}"`,
            hit: hitOf(member),
          };
    },
  };
}
