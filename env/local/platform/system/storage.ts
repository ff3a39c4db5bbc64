/** Persistent volumes on the nodes' own disks: local-path-provisioner 0.0.30 and the StorageClass that uses it. */
import { imageOf } from '../../images/index.ts';
import { SYSTEM, type PlatformContext } from '../context.ts';
import {
  clusterRole,
  labels,
  metadata,
  resources,
  role,
  selector,
  serviceAccount,
  type KubeObject,
} from '../objects.ts';

export const STORAGE = 'local-path-provisioner';
export const STORAGE_CLASS = 'plumbline-local';
const PROVISIONER = 'plumbline.dev/local-path';
/** On every node; the node keeps it when it restarts. */
const VOLUMES = '/var/lib/plumbline-volumes';

function configuration(helperImage: string): Record<string, string> {
  const helper = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'helper-pod' },
    spec: {
      terminationGracePeriodSeconds: 0,
      priorityClassName: 'system-node-critical',
      tolerations: [{ operator: 'Exists' }],
      containers: [
        {
          name: 'helper-pod',
          image: helperImage,
          imagePullPolicy: 'IfNotPresent',
          securityContext: { runAsUser: 0 }, // it makes folders on the node's disk
          resources: resources({
            cpuRequest: '10m',
            cpuLimit: '200m',
            memoryRequest: '8Mi',
            memoryLimit: '32Mi',
          }),
        },
      ],
    },
  };
  return {
    'config.json': JSON.stringify({
      nodePathMap: [{ node: 'DEFAULT_PATH_FOR_NON_LISTED_NODES', paths: [VOLUMES] }],
    }),
    setup: '#!/bin/sh\nset -eu\nmkdir -m 0777 -p "$VOL_DIR"\n',
    teardown: '#!/bin/sh\nset -eu\nrm -rf "$VOL_DIR"\n',
    'helperPod.yaml': JSON.stringify(helper),
  };
}

function container(image: string): unknown {
  // It serves nothing, so that all there is to probe is that its program runs. The readiness period is short because a
  // kubelet that has just started waits for up to a period before its first probe.
  const alive = { exec: { command: [STORAGE, '--version'] }, timeoutSeconds: 10 };
  return {
    name: STORAGE,
    image,
    args: [
      'start',
      '--config',
      '/etc/config/config.json',
      '--provisioner-name',
      PROVISIONER,
      '--service-account-name',
      STORAGE,
      '--configmap-name',
      STORAGE,
      '--worker-threads',
      '4',
    ],
    env: [{ name: 'POD_NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } }],
    readinessProbe: { ...alive, periodSeconds: 10 },
    livenessProbe: { ...alive, periodSeconds: 60 },
    resources: resources({
      cpuRequest: '10m',
      cpuLimit: '200m',
      memoryRequest: '24Mi',
      memoryLimit: '128Mi',
    }),
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    volumeMounts: [{ name: 'config', mountPath: '/etc/config' }],
  };
}

function rights(): KubeObject[] {
  return [
    { ...serviceAccount(STORAGE, SYSTEM), automountServiceAccountToken: true },
    ...clusterRole(STORAGE, SYSTEM, [
      {
        apiGroups: [''],
        resources: ['nodes', 'persistentvolumeclaims', 'configmaps', 'pods', 'pods/log'],
        verbs: ['get', 'list', 'watch'],
      },
      {
        apiGroups: [''],
        resources: ['persistentvolumes'],
        verbs: ['get', 'list', 'watch', 'create', 'patch', 'update', 'delete'],
      },
      { apiGroups: [''], resources: ['events'], verbs: ['create', 'patch'] },
      { apiGroups: ['storage.k8s.io'], resources: ['storageclasses'], verbs: ['get', 'list', 'watch'] },
    ]),
    ...role(STORAGE, SYSTEM, [
      { apiGroups: [''], resources: ['pods'], verbs: ['create', 'delete'] },
      {
        apiGroups: [''],
        resources: ['endpoints'],
        verbs: ['get', 'list', 'watch', 'create', 'patch', 'update'],
      },
      {
        apiGroups: ['coordination.k8s.io'],
        resources: ['leases'],
        verbs: ['get', 'list', 'watch', 'create', 'patch', 'update'],
      },
    ]),
  ];
}

/** The provisioner and the class. */
export function storageObjects(context: PlatformContext): KubeObject[] {
  return [
    {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: {
        ...metadata(STORAGE_CLASS, undefined, STORAGE),
        annotations: { 'storageclass.kubernetes.io/is-default-class': 'true', defaultVolumeType: 'local' },
      },
      provisioner: PROVISIONER,
      volumeBindingMode: 'WaitForFirstConsumer',
      reclaimPolicy: 'Delete',
    },
    ...rights(),
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: metadata(STORAGE, SYSTEM),
      data: configuration(imageOf(context.images, 'busybox').pinned),
    },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: metadata(STORAGE, SYSTEM),
      spec: {
        replicas: 1,
        selector: { matchLabels: selector(STORAGE) },
        template: {
          metadata: { labels: labels(STORAGE) },
          spec: {
            serviceAccountName: STORAGE,
            securityContext: {
              runAsNonRoot: true,
              runAsUser: 65532,
              runAsGroup: 65532,
              seccompProfile: { type: 'RuntimeDefault' },
            },
            containers: [container(imageOf(context.images, STORAGE).pinned)],
            volumes: [{ name: 'config', configMap: { name: STORAGE } }],
          },
        },
      },
    },
  ];
}
