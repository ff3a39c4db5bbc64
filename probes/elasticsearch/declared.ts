import type { StoreConnection } from '../store-driver.ts';

/** Copies of a shard besides the primary: with two, one member can go and a write still has a majority. */
const DEFAULT_REPLICAS = 2;

/** What only this kind of store declares. */
export function declaredOf({ declared }: StoreConnection): {
  replicas: number;
  /** Pods of the StatefulSet; null: not declared. */
  members: number | null;
} {
  const index = declared?.['index'] as { replicas?: number } | undefined;
  const members = declared?.['members'];
  return {
    replicas: index?.replicas ?? DEFAULT_REPLICAS,
    members: typeof members === 'number' ? members : null,
  };
}
