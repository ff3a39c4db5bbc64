import { ask } from './api.ts';
import type { Place } from './api.ts';
import { ElasticsearchRefusal } from './errors.ts';
import { monoMs } from '../../host/clock.ts';
import type { Bounds } from '../store/store-driver.ts';

/** What `_cluster/health` says, of the cluster or of one index. */
export interface Health {
  status: string;
  timed_out?: boolean;
  number_of_nodes: number;
  number_of_data_nodes: number;
  relocating_shards: number;
  initializing_shards: number;
  unassigned_shards: number;
}

export function described(health: Health): string {
  return (
    `${health.status}, ${health.number_of_nodes} nodes (${health.number_of_data_nodes} with data), ` +
    `${health.relocating_shards} shards relocating, ${health.initializing_shards} initializing, ` +
    `${health.unassigned_shards} unassigned`
  );
}

/** The health of one index now. @throws as `ask` */
export function indexHealth(place: Place, index: string, bounds: Bounds): Promise<Health> {
  return ask<Health>(place, { path: `/_cluster/health/${index}?timeout=0s` }, bounds);
}

/** Time for the answer itself, after the server has waited. */
const ANSWER_MS = 1_000;

/** Waits until every copy of an index is started. @throws Error with what was seen last */
export async function waitGreen(place: Place, index: string, bounds: Bounds): Promise<void> {
  const begunMs = monoMs();
  const waitMs = Math.max(1, Math.floor(bounds.deadlineMs - ANSWER_MS));
  if (await wasGreen(place, `${index}?wait_for_status=green&timeout=${waitMs}ms`, bounds)) return;
  const seen = described(await indexHealth(place, index, { ...bounds, deadlineMs: ANSWER_MS }));
  throw new Error(
    `${place.who}: expected ${index} to be green, seen ${seen}, after ${Math.round(monoMs() - begunMs)} ms; ` +
      `next: GET /_cluster/allocation/explain`,
  );
}

/** Whether a wait for a status met it: one that did not is answered with 408, or with 200 and `timed_out`. */
async function wasGreen(place: Place, question: string, bounds: Bounds): Promise<boolean> {
  try {
    const health = await ask<Health>(place, { path: `/_cluster/health/${question}` }, bounds);
    return health.timed_out !== true;
  } catch (error) {
    if (error instanceof ElasticsearchRefusal && error.status === 408) return false;
    throw error;
  }
}
