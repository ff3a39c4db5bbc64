import { z } from 'zod';
import type { StoreConnection } from '../store/store-driver.ts';
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
  const { sentinel, wait } = parsed.data;
  const { host, port, user, password, tls } = connection;
  return {
    master: sentinel?.master ?? '',
    primary: { host, port },
    sentinels: sentinel?.addresses ?? [],
    sentinelLogin: {
      user: sentinel?.user ?? '',
      password: connection.secrets?.['sentinel'] ?? password,
      tls,
    },
    login: { user, password, tls },
    waitReplicas: wait.replicas,
    waitMs: wait.milliseconds,
  };
}
