/**
 * Clusters of CloudNativePG as its API server would show them: made up for tests, with the fields and values that version 1.30 of its
 * repository states (github.com/cloudnative-pg/cloudnative-pg at a95a534d: api/v1/cluster_types.go, pkg/utils/labels_annotations.go,
 * docs/src/{failover,fencing,labels_annotations,declarative_hibernation}.md). No real cluster has shown them yet.
 */

interface Outline {
  annotations?: Record<string, string>;
  spec?: Record<string, unknown>;
  status?: Record<string, unknown>;
}

function cluster({ annotations, spec, status }: Outline): Record<string, unknown> {
  return {
    apiVersion: 'postgresql.cnpg.io/v1',
    kind: 'Cluster',
    metadata: {
      namespace: 'databases',
      name: 'orders',
      uid: '0b0f6f5e-0a39-4f0e-9d5f-6d2a0c5a7a11',
      ...(annotations !== undefined && { annotations }),
    },
    // The defaults of its schema, as an API server fills them in.
    spec: {
      instances: 3,
      failoverDelay: 0,
      switchoverDelay: 3600,
      stopDelay: 1800,
      startDelay: 3600,
      minSyncReplicas: 0,
      maxSyncReplicas: 0,
      primaryUpdateStrategy: 'unsupervised',
      ...spec,
    },
    status: {
      instances: 3,
      readyInstances: 3,
      phase: 'Cluster in healthy state',
      timelineID: 1,
      instanceNames: ['orders-1', 'orders-2', 'orders-3'],
      instancesStatus: { healthy: ['orders-1', 'orders-2', 'orders-3'] },
      instancesReportedState: {
        'orders-1': { isPrimary: true, timeLineID: 1 },
        'orders-2': { isPrimary: false, timeLineID: 1 },
        'orders-3': { isPrimary: false, timeLineID: 1 },
      },
      currentPrimary: 'orders-1',
      targetPrimary: 'orders-1',
      writeService: 'orders-rw',
      readService: 'orders-r',
      conditions: [{ type: 'Ready', status: 'True', reason: 'ClusterIsReady', message: 'Cluster is Ready' }],
      ...status,
    },
  };
}

export const HEALTHY = cluster({});

/** docs/src/failover.md: the target is `pending` until the receivers of the replicas have stopped. */
export const FAILING_OVER = cluster({
  status: {
    readyInstances: 2,
    phase: 'Failing over',
    phaseReason: 'Failing over from orders-1 to pending',
    targetPrimary: 'pending',
    currentPrimaryFailingSinceTimestamp: '2026-08-21T10:00:00.000000Z',
    instancesStatus: { healthy: ['orders-2', 'orders-3'], failed: ['orders-1'] },
    conditions: [
      { type: 'Ready', status: 'False', reason: 'ClusterIsNotReady', message: 'Cluster Is Not Ready' },
    ],
  },
});

export const SWITCHING_OVER = cluster({
  status: {
    phase: 'Switchover in progress',
    phaseReason: 'Switching over to orders-2',
    targetPrimary: 'orders-2',
  },
});

/** The first instance is being made: most of the status is not there yet. */
export const FIRST_PRIMARY = {
  ...cluster({}),
  status: {
    instances: 1,
    phase: 'Setting up primary',
    phaseReason: 'Creating primary instance orders-1',
    targetPrimary: 'orders-1',
    instancesStatus: { failed: ['orders-1'] },
  },
};

/** pkg/utils/labels_annotations.go, `IsReconciliationDisabled`. */
export const PAUSED = cluster({ annotations: { 'cnpg.io/reconciliationLoop': 'disabled' } });
export const RUNS = cluster({
  annotations: { 'cnpg.io/reconciliationLoop': 'enabled', 'cnpg.io/fencedInstances': '[]' },
});
export const HIBERNATED = cluster({ annotations: { 'cnpg.io/hibernation': 'on' } });
export const FENCED = cluster({ annotations: { 'cnpg.io/fencedInstances': '["orders-2"]' } });

/** A version that fills in no defaults of these. */
export const WITHOUT_DELAYS = cluster({
  spec: { failoverDelay: undefined, switchoverDelay: undefined, stopDelay: 60 },
});
