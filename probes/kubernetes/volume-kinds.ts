/** What is behind a PersistentVolume. */
import { isRecord } from '../../reports/record/is-record.ts';
import type { VolumeObject } from './objects.ts';

/** Kinds that an environment may declare: names of fields of a PersistentVolume's spec. */
export const VOLUME_KINDS = [
  'local',
  'csi',
  'nfs',
  'cephfs',
  'rbd',
  'hostPath',
  'iscsi',
  'fc',
  // Volumes of clouds from before CSI; where a CSI driver serves them, which the annotation below says, they are `csi`.
  'awsElasticBlockStore',
  'azureDisk',
  'azureFile',
  'cinder',
  'gcePersistentDisk',
  'portworxVolume',
  'vsphereVolume',
] as const;

/** Set by Kubernetes on a volume that a CSI driver serves under its old name (CSI migration). */
const MIGRATED_TO = 'pv.kubernetes.io/migrated-to';

/** Objects in the spec that name no source. */
const NO_SOURCE = new Set(['capacity', 'claimRef', 'nodeAffinity']);

/** The field that says what is behind a volume, `csi` for one that a CSI driver serves; an empty text where none does. */
export function volumeKind({ metadata, spec }: VolumeObject): string {
  if (metadata.annotations?.[MIGRATED_TO] !== undefined) return 'csi';
  return Object.keys(spec).find((key) => isRecord(spec[key]) && !NO_SOURCE.has(key)) ?? '';
}
