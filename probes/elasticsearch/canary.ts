/** The canary's index: made as it is declared, put right, or made again where it cannot be. */
import { ask, CANARY_INDEX, servicePlace } from './api.ts';
import type { Place } from './api.ts';
import { declaredOf } from './declared.ts';
import { ElasticsearchRefusal } from './errors.ts';
import { DIALECTS } from './product.ts';
import type { Product } from './product.ts';
import { indexHealth, waitGreen } from './health.ts';
import { monoMs } from '../../host/clock.ts';
import type { Bounds, StoreConnection } from '../store/store-driver.ts';

const DAY_MS = 86_400_000;
const PATH = `/${CANARY_INDEX}`;
/**
 * Servers that nobody used load and compile what a write needs with the first of them. At the load's full rate these pass their deadline,
 * and the new connections that follow keep a small machine from ever getting over it (seen on two cores: 0 of the first 200 writes in time).
 */
const WARM = { writes: 400, inRow: 20, quickMs: 50, withinMs: 20_000 } as const;
/** A flush of what a run or two left behind is not worth waiting longer for. */
const FLUSH_MS = 5_000;

/** `n` is a number like any other and ids are made by the server: nothing keeps a number from being there twice. */
const MAPPINGS = {
  dynamic: 'strict',
  properties: { run: { type: 'keyword' }, n: { type: 'long' }, at: { type: 'date' } },
} as const;

/** A write needs a majority of the copies, before it begins as well as when it is acknowledged. */
function settingsFor(product: Product, replicas: number): Record<string, unknown> {
  return {
    ...DIALECTS[product].indexSettings,
    number_of_replicas: replicas,
    'write.wait_for_active_shards': majorityOf(replicas + 1),
  };
}

/** The fewest copies that are more than half. */
export function majorityOf(copies: number): number {
  return Math.floor(copies / 2) + 1;
}

/**
 * Leaves the index as declared, with every copy started, whatever state an earlier run left it in.
 * @throws Error when it cannot be made, or is not green at the deadline
 */
export async function prepareCanary(connection: StoreConnection, deadlineMs: number): Promise<void> {
  const end = monoMs() + deadlineMs;
  const left = (): Bounds => ({ deadlineMs: Math.max(1, end - monoMs()) });
  const place = servicePlace(connection);
  const settings = settingsFor(place.product, declaredOf(connection).replicas);
  const found = await foundIndex(place, left());
  if (found === null || !isAsDeclared(found, settings) || !(await isHeld(place, left())))
    await makeAgain(place, settings, left);
  await waitGreen(place, CANARY_INDEX, left());
  await warmUp(place, left());
  // A copy that starts during this run should not have to replay earlier runs' writes. It only saves time.
  const flush = { path: `${PATH}/_flush`, method: 'POST' } as const;
  await ask(place, flush, { deadlineMs: Math.min(FLUSH_MS, left().deadlineMs) }).catch(() => undefined);
}

/**
 * Writes one document after the other, of no run, until the servers are quick at it, or for a while: a store that is slow all the time is
 * judged by the load itself.
 * @param quickMs a write that takes no longer is quick
 */
export async function warmUp(
  place: Place,
  { deadlineMs }: Bounds,
  quickMs: number = WARM.quickMs,
): Promise<void> {
  const end = monoMs() + Math.min(WARM.withinMs, deadlineMs);
  let quick = 0;
  for (let n = 0; n < WARM.writes && quick < WARM.inRow; n++) {
    const beganMs = monoMs();
    if (beganMs >= end) return;
    const body = { run: 'warm-up', n, at: Date.now() };
    const write = { path: `${PATH}/_doc`, method: 'POST', body } as const;
    const done = await ask(place, write, { deadlineMs: end - beganMs }).then(
      () => true,
      () => false,
    );
    quick = done && monoMs() - beganMs <= quickMs ? quick + 1 : 0;
  }
}

/** An index as the server describes it, settings flat. */
export interface FoundIndex {
  mappings?: { dynamic?: unknown; properties?: Record<string, { type?: string }> };
  settings?: Record<string, string>;
}

/** null: there is none. @throws as `ask` */
async function foundIndex(place: Place, bounds: Bounds): Promise<FoundIndex | null> {
  try {
    const path = `${PATH}?flat_settings=true`;
    const found = await ask<Record<string, FoundIndex>>(place, { path }, bounds);
    return found[CANARY_INDEX] ?? null;
  } catch (error) {
    if (error instanceof ElasticsearchRefusal && error.status === 404) return null;
    throw error;
  }
}

/** An index whose primary no node holds any more (red) never comes back by itself; it holds nothing but canaries. */
async function isHeld(place: Place, bounds: Bounds): Promise<boolean> {
  return (await indexHealth(place, CANARY_INDEX, bounds)).status !== 'red';
}

/**
 * One with other settings is made again rather than changed: it holds nothing but canaries, and what it may be set to depends on what it
 * is set to (no more copies to wait for than there are).
 */
function isAsDeclared(found: FoundIndex, settings: Record<string, unknown>): boolean {
  const same = ([name, value]: [string, unknown]): boolean =>
    found.settings?.[`index.${name}`] === String(value);
  return isUsable(found, Date.now()) && Object.entries(settings).every(same);
}

/**
 * Whether it can be used further: less than a day old, and made by us. A write that comes just after the index was deleted makes
 * one by itself, in which `run` is text: there no run would be found again, and all of it would seem lost.
 */
export function isUsable({ mappings = {}, settings = {} }: FoundIndex, nowMs: number): boolean {
  const { dynamic, properties = {} } = mappings;
  const fields = Object.entries(MAPPINGS.properties);
  const typed = fields.every(([name, { type }]) => properties[name]?.type === type);
  const ageMs = nowMs - Number(settings['index.creation_date']);
  const ours = typed && dynamic === MAPPINGS.dynamic && settings['index.number_of_shards'] === '1';
  return ours && ageMs <= DAY_MS;
}

async function makeAgain(place: Place, settings: Record<string, unknown>, left: () => Bounds): Promise<void> {
  await ask(place, { path: `${PATH}?ignore_unavailable=true`, method: 'DELETE' }, left());
  const body = { settings: { ...settings, number_of_shards: 1 }, mappings: MAPPINGS };
  await ask(place, { path: `${PATH}?wait_for_active_shards=all`, method: 'PUT', body }, left());
}
