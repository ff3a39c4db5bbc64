import { z } from 'zod';
import type { StoreConnection, StoreTarget } from '../store/store-driver.ts';
import type { RedisAddress, RedisLogin } from './connection.ts';

/** As much of a Redis store's declaration as its driver needs; declaration.ts has it all. */
const declaration = z.object({
  sentinel: z
    .object({
      master: z.string(),
      addresses: z.array(z.object({ host: z.string(), port: z.number() })).min(1),
      user: z.string().default(''),
    })
    .optional(),
  cluster: z.object({ replicas: z.number().default(1) }).optional(),
  wait: z.object({ replicas: z.number(), milliseconds: z.number() }),
});

export interface RedisStore {
  /** The name under which the Sentinels watch the master. */
  master: string;
  /** The declared address of the store: the master's, where there are no Sentinels. */
  primary: RedisAddress;
  sentinels: readonly RedisAddress[];
  sentinelLogin: RedisLogin;
  login: RedisLogin;
  /** Replicas of each master of a Redis Cluster; null: it is none. */
  clusterReplicas: number | null;
  /** A write is acknowledged when this many replicas have it; 0: with the reply. */
  waitReplicas: number;
  waitMs: number;
}

/** @throws Error when what the environment declares is not enough */
export function redisStore(connection: StoreConnection): RedisStore {
  const parsed = declaration.safeParse(connection.declared);
  if (!parsed.success) {
    const fields = parsed.error.issues.map((issue) => issue.path.join('.')).join(', ');
    throw new Error(`redis: the environment must declare ${fields} of the store`);
  }
  const { sentinel, cluster, wait } = parsed.data;
  const { host, port, user, password, tls, dial } = connection;
  return {
    primary: { host, port },
    ...sentinelsIn(sentinel, connection),
    login: { user, password, tls, dial },
    clusterReplicas: cluster?.replicas ?? null,
    waitReplicas: wait.replicas,
    waitMs: wait.milliseconds,
  };
}

/** The account that may order a planned change of leader, encrypted and led to a member as the other is. @throws as `redisStore` */
export async function adminLogin(target: Pick<StoreTarget, 'connection' | 'admin'>): Promise<RedisLogin> {
  return { ...redisStore(target.connection).login, ...(await target.admin?.()) };
}

function sentinelsIn(
  declared: z.infer<typeof declaration>['sentinel'],
  { secrets, password, tls, dial }: StoreConnection,
): Pick<RedisStore, 'master' | 'sentinels' | 'sentinelLogin'> {
  const { master, addresses, user } = declared ?? { master: '', addresses: [], user: '' };
  const own = secrets?.['sentinel'] ?? password;
  return { master, sentinels: addresses, sentinelLogin: { user, password: own, tls, dial } };
}
