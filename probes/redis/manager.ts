import type { StoreConnection, StoreDriver } from '../store/store-driver.ts';

/** Who decides which member leads, and tells clients: what differs between the Sentinels and a Redis Cluster. */
export type RedisManager = Pick<
  StoreDriver,
  'client' | 'describe' | 'steady' | 'governing' | 'expectedWindow' | 'observe' | 'readBack'
> &
  Required<Pick<StoreDriver, 'leadership' | 'switchover'>>;

/** Whether the store is declared as a Redis Cluster. */
export function isCluster({ declared }: StoreConnection): boolean {
  return declared?.['cluster'] !== undefined;
}
