/** Failover of what is no store: the backend behind the edge, the AI service, and Kubernetes' own control plane. */
import { check } from '../harness/check.ts';
import { runAiTrial } from './ai.ts';
import { runBackendTrial } from './backend.ts';
import { runControlPlaneTrial } from './control-plane.ts';

for (const fault of ['pod-crash', 'rolling-restart', 'node-loss'] as const)
  check(`failover/backend/${fault}`, (ctx) => runBackendTrial(ctx, fault));

for (const fault of ['pod-crash', 'pod-delete', 'hang', 'node-loss', 'rolling-restart'] as const)
  check(`failover/ai/${fault}`, (ctx) => runAiTrial(ctx, fault));

for (const fault of ['leader-crash', 'etcd-crash'] as const)
  check(`failover/control-plane/${fault}`, (ctx) => runControlPlaneTrial(ctx, fault));
