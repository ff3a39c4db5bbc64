/** What this check alone records. */
import { kinds } from '../../../../reports/record/observations/kinds.ts';
import { z } from 'zod';

export const OBSERVES = kinds({
  /**
   * A workload that holds data is there. `store`: it is a single pod, a member of that store, whose members are chosen by labels.
   * `firstOrdinal`: the number of a StatefulSet's first pod, where it is not 0. `readOnlyRoots`: containers that cannot write to a file system of their
   * own, and all mounts of data are recorded then; left out where its servers said of all their data where it is.
   */
  'data-workload': {
    workload: z.string(),
    store: z.string().optional(),
    firstOrdinal: z.int().positive().optional(),
    readOnlyRoots: z.array(z.string()).optional(),
  },
  /** Where the server of a member says that it keeps its data: one of each folder, those of its logs of writes and of tablespaces outside of the first too. */
  'data-folder': { store: z.string(), member: z.string(), path: z.string() },
  /** The server of a member says that it keeps no data, and why: it coordinates alone, for one. */
  'data-folder-none': { store: z.string(), member: z.string(), why: z.string() },
  /** The server of a member did not say where it keeps its data, or, beside folders that it named, a part of them. */
  'data-folder-unsaid': { store: z.string(), member: z.string(), reason: z.string() },
  'data-mount': {
    workload: z.string(),
    container: z.string(),
    path: z.string(),
    source: z.string(),
    /** Name of the claim; with `perReplica` that of its template. Null: no claim. */
    claim: z.string().nullable(),
    perReplica: z.boolean(),
  },
  /** An empty text: the claim does not exist, or has no such value. */
  claim: {
    workload: z.string(),
    name: z.string(),
    phase: z.string(),
    className: z.string(),
    volumeKind: z.string(),
  },
  'canary-written': { digest: z.string() },
  'canary-read': { digest: z.string() },
  /**
   * `pod`: its pod could not start or end for another reason than the volume, or for one that cannot be seen. `api`: the API server refused or
   * did not answer. Neither says anything of volumes.
   */
  'canary-failed': { step: z.string(), cause: z.enum(['volume', 'pod', 'api']), reason: z.string() },
});

declare module '../../../../reports/record/observations/index.ts' {
  interface Kinds extends Readonly<typeof OBSERVES> {}
}
