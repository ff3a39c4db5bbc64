import { TALES as alertRules } from './alert-rules.ts';
import { TALES as controlPlane } from './control-plane.ts';
import { TALES as dashboards } from './dashboards.ts';
import { TALES as faultProof } from './fault-proof.ts';
import { TALES as gpu } from './gpu.ts';
import { TALES as integrations } from './integrations.ts';
import { TALES as othersActed } from './others-acted.ts';
import { TALES as outages } from './outages.ts';
import { TALES as performance } from './performance.ts';
import { TALES as scaling } from './scaling.ts';
import { TALES as security } from './security.ts';
import { TALES as telemetry } from './telemetry.ts';
import type { Tale } from './tale.ts';
import { TALES as topology } from './topology.ts';
import { TALES as topologyNetwork } from './topology-network.ts';
import { TALES as topologyWorkloads } from './topology-workloads.ts';
import { TALES as whole } from './whole.ts';

export const TALES: readonly Tale[] = [
  ...alertRules,
  ...dashboards,
  ...whole,
  ...outages,
  ...controlPlane,
  ...faultProof,
  ...othersActed,
  ...gpu,
  ...integrations,
  ...performance,
  ...scaling,
  ...security,
  ...telemetry,
  ...topology,
  ...topologyNetwork,
  ...topologyWorkloads,
];
