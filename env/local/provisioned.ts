import type { Provisioned } from '../provisioned.ts';
import { stateDir } from '../../host/paths.ts';
import { readStamp } from './state/stamp.ts';
import { storesProvisioned } from './stores-provisioned.ts';

/** The embedded environments of this machine. */
export const provisionedHere: Provisioned = {
  sizeOf: (instance) => readStamp(instance)?.size,
  wordsOf: storesProvisioned,
  folderOf: stateDir,
};
