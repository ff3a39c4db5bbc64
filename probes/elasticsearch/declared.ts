import { declaredMembers } from '../store/members.ts';
import type { StoreConnection } from '../store/store-driver.ts';
import type { Product } from './product.ts';

/** Copies of a shard besides the primary: with two, one member can go and a write still has a majority. */
const DEFAULT_REPLICAS = 2;

/** What only this kind of store declares. */
export function declaredOf(connection: StoreConnection): {
  product: Product;
  replicas: number;
  /** Pods of the StatefulSet; null: not declared. */
  members: number | null;
} {
  const index = connection.declared?.['index'] as { replicas?: number } | undefined;
  return {
    product: connection.declared?.['product'] === 'opensearch' ? 'opensearch' : 'elasticsearch',
    replicas: index?.replicas ?? DEFAULT_REPLICAS,
    members: declaredMembers(connection),
  };
}
