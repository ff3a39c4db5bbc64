import { z } from 'zod';
import type { Stores } from '../../env/schema.ts';
import { heldTo, parseJson } from '../../host/json.ts';
import type { KubeObject, ObjectRef } from '../harness/protocol.ts';
import { declaredStore } from './accounts.ts';
import { memberPods, memberSet, serverIn } from './members.ts';
import type { PodRef } from './members.ts';
import type { ControlContext } from '../harness/control.ts';

const PATRONI_DEADLINE_MS = 20_000;
const CONFIG_ANNOTATION = 'config';

function declared(ctx: ControlContext): NonNullable<Stores['postgres']> {
  return declaredStore(ctx, 'postgres');
}

/** Settings of Patroni, not validated further. */
type Settings = z.infer<typeof settings>;
const settings = z.record(z.string(), z.unknown());

/** The part that is read of the status annotation of a Patroni member. */
const memberState = z.object({ pause: z.boolean().optional() });

/** Members of the store, the leader first. Patroni labels the leader `master` or, from version 4 on, `primary`. */
export async function members(ctx: ControlContext): Promise<PodRef[]> {
  const leads = ({ metadata }: KubeObject): boolean =>
    ['master', 'primary'].includes(metadata.labels?.['role'] ?? '');
  return (await memberPods(ctx, 'postgres'))
    .toSorted((a, b) => Number(leads(b)) - Number(leads(a)))
    .map(({ metadata }) => serverIn(ctx, 'postgres', metadata.name));
}

/**
 * Runs SQL in a member as the superuser, over its own socket.
 * @throws Error with psql's words.
 */
export async function sql(ctx: ControlContext, pod: PodRef, text: string): Promise<string> {
  const { database } = declared(ctx);
  const argv = [
    'psql',
    '-h',
    '/run/postgresql',
    '-U',
    'postgres',
    '-d',
    database,
    '--no-psqlrc',
    '-v',
    'ON_ERROR_STOP=1',
    '-Atc',
    text,
  ];
  const { code, stdout, stderr } = await ctx.exec(pod, argv);
  if (code !== 0) throw new Error(`psql in ${pod.pod}: exit ${code}: ${stderr.trim().slice(0, 300)}`);
  return stdout.trim();
}

/** SQL on whoever leads now. */
export async function sqlOnLeader(ctx: ControlContext, text: string): Promise<string> {
  const [leader] = await members(ctx);
  if (leader === undefined) throw new Error('PostgreSQL has no member to run SQL on');
  return sql(ctx, leader, text);
}

/**
 * Changes Patroni's dynamic configuration in the annotation where Patroni keeps it; it is put back like any other field.
 * Returns once `isInForce` is true.
 */
export async function changePatroni(
  ctx: ControlContext,
  change: Record<string, unknown>,
  inForce: { what: string; probe: () => Promise<true | null> },
): Promise<void> {
  const { namespace, name } = memberSet(ctx, 'postgres');
  const ref: ObjectRef = {
    apiVersion: 'v1',
    kind: 'Endpoints',
    namespace,
    name: `${declared(ctx).patroni?.scope ?? name}-config`,
  };
  const text = (await ctx.get(ref))?.metadata.annotations?.[CONFIG_ANNOTATION];
  if (text === undefined)
    throw new Error(
      `Endpoints ${ref.namespace ?? ''}/${ref.name} has no annotation "${CONFIG_ANNOTATION}", in which Patroni keeps its settings: is PostgreSQL run by Patroni?`,
    );
  const config = merged(heldTo(settings, parseJson(text), "Patroni's settings"), change);
  await ctx.patch(ref, { metadata: { annotations: { [CONFIG_ANNOTATION]: JSON.stringify(config) } } });
  await ctx.until(inForce.what, inForce.probe, { timeoutMs: PATRONI_DEADLINE_MS });
}

/** Merges nested settings too, so that those not in `change` stay as they are. */
function merged(config: Settings, change: Settings): Settings {
  const isGroup = (value: unknown): value is Settings =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  const entries = Object.entries(change).map(([key, value]): [string, unknown] => {
    const before = config[key];
    return [key, isGroup(value) && isGroup(before) ? merged(before, value) : value];
  });
  return { ...config, ...Object.fromEntries(entries) };
}

/** Whether every member has taken Patroni's maintenance mode over, as each says in its own annotation. */
export async function paused(ctx: ControlContext): Promise<true | null> {
  const states = (await memberPods(ctx, 'postgres')).map(
    ({ metadata }) => metadata.annotations?.['status'] ?? '{}',
  );
  return states.every(
    (state) => heldTo(memberState, parseJson(state), 'the status of a member').pause === true,
  )
    ? true
    : null;
}
