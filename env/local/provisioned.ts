import { join } from 'node:path';
import type { Provisioned } from '../provisioned.ts';
import { stateDir } from '../../host/paths.ts';
import type { InstanceName } from '../../host/paths.ts';
import { readStamp } from './state/stamp.ts';
import { storesProvisioned } from './stores-provisioned.ts';

/** What this machine knows of one of its embedded environments. */
export function provisionedHere(instance: InstanceName): Provisioned {
  return {
    size: () => readStamp(instance)?.size,
    uid: () => {
      const uid = readStamp(instance)?.uid;
      return uid === '' ? undefined : uid;
    },
    kubeconfig: () => join(stateDir(instance), 'kubeconfig'),
    words: () => storesProvisioned(instance),
    folder: () => stateDir(instance),
  };
}
