import type { Provisioned } from '../provisioned.ts';
import { stateDir } from '../../host/paths.ts';
import { readStamp } from './state/stamp.ts';
import { storesRaised } from './stores-raised.ts';

/** The embedded environments of this machine. */
export const provisionedHere: Provisioned = {
  sizeOf: (instance) => readStamp(instance)?.size,
  wordsOf: storesRaised,
  folderOf: stateDir,
};
