import type { QueryResultRow } from 'pg';
import { z } from 'zod';
import { heldTo, parseJson } from '../../host/json.ts';
import { connectionOf, queryOnce } from '../../probes/postgres/query.ts';
import type { ObjectRef } from '../harness/protocol.ts';
import { declaredStore, oneAnswer } from './accounts.ts';
import { memberPods, memberSet } from './members.ts';
import type { ControlContext } from '../harness/control.ts';

const PATRONI_DEADLINE_MS = 20_000;
const CONFIG_ANNOTATION = 'config';

/** Settings of Patroni, not validated further. */
type Settings = z.infer<typeof settings>;
const settings = z.record(z.string(), z.unknown());

/** The part that is read of the status annotation of a Patroni member. */
const memberState = z.object({ pause: z.boolean().optional() });

/** What each member answers, past every Service. @throws the error of the first that does not */
export async function askMembers<Row extends QueryResultRow>(
  ctx: ControlContext,
  text: string,
): Promise<Row[]> {
  const target = await ctx.store('postgres');
  const asked = (await target.members()).map((member) =>
    queryOnce<Row>(connectionOf(target, member), text, oneAnswer(ctx)),
  );
  return (await Promise.all(asked)).flat();
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
    name: `${declaredStore(ctx, 'postgres').patroni?.scope ?? name}-config`,
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
