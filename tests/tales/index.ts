import { TALES as failover } from './failover.ts';
import type { Tale } from './tale.ts';
import { TALES as topology } from './topology.ts';

export const TALES: readonly Tale[] = [...failover, ...topology];
