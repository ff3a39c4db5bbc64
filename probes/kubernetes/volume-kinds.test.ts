import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { VolumeObject } from './objects.ts';
import { volumeKind } from './volume-kinds.ts';

const COMMON = {
  accessModes: ['ReadWriteOnce'],
  capacity: { storage: '8Gi' },
  claimRef: { kind: 'PersistentVolumeClaim', name: 'data-0' },
  nodeAffinity: { required: {} },
  mountOptions: [],
  volumeMode: 'Filesystem',
};

const volume = (source: object, annotations = {}): VolumeObject => ({
  apiVersion: 'v1',
  kind: 'PersistentVolume',
  metadata: { name: 'pv', annotations },
  spec: { ...COMMON, ...source },
});

test('should say what is behind a volume, whatever else its spec has', () => {
  assert.equal(volumeKind(volume({ csi: { driver: 'ebs.csi.aws.com' } })), 'csi');
  assert.equal(volumeKind(volume({ iscsi: { targetPortal: '10.0.0.1:3260' } })), 'iscsi');
  assert.equal(volumeKind(volume({ awsElasticBlockStore: { volumeID: 'vol-1' } })), 'awsElasticBlockStore');
  assert.equal(volumeKind(volume({ glusterfs: { path: 'a' } })), 'glusterfs', 'one that cannot be declared');
  assert.equal(volumeKind(volume({})), '');
});

test('should call a volume of a cloud csi that a CSI driver serves', () => {
  const migrated = { 'pv.kubernetes.io/migrated-to': 'ebs.csi.aws.com' };
  assert.equal(volumeKind(volume({ awsElasticBlockStore: { volumeID: 'vol-1' } }, migrated)), 'csi');
});
