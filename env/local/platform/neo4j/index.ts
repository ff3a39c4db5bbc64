/** Neo4j Community. */
import { TENDER, type PlatformContext } from '../context.ts';
import { render } from '../manifests.ts';
import type { KubeObject } from '../objects.ts';
import { waitRollout } from '../rollout.ts';
import type { Secrets } from '../secrets.ts';
import { authLine } from './auth.ts';

/** Every object of the store, with the first password as the server reads it. */
export function neo4jObjects(context: PlatformContext, secrets: Secrets): KubeObject[] {
  return render(context, secrets, {
    folder: 'neo4j',
    values: { 'auth.ini': authLine('neo4j', secrets.neo4j) },
  });
}

const READY_DEADLINE_MS = 240_000; // 8 s on an idle machine, a minute where every store starts at once

/** Waits for the member. @throws when it is not ready before the deadline */
export async function waitNeo4j(context: PlatformContext): Promise<void> {
  await waitRollout(context, {
    namespace: TENDER,
    workload: 'statefulset/neo4j',
    deadlineMs: READY_DEADLINE_MS,
  });
}
