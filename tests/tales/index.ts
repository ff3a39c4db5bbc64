import { TALES as alertRules } from './alert-rules.ts';
import { TALES as dashboards } from './dashboards.ts';
import { TALES as failover } from './failover.ts';
import { TALES as gpu } from './gpu.ts';
import { TALES as integrations } from './integrations.ts';
import { TALES as performance } from './performance.ts';
import { TALES as scaling } from './scaling.ts';
import { TALES as telemetry } from './telemetry.ts';
import type { Tale } from './tale.ts';
import { TALES as topology } from './topology.ts';
import { TALES as whole } from './whole.ts';

export const TALES: readonly Tale[] = [
  ...alertRules,
  ...dashboards,
  ...whole,
  ...failover,
  ...gpu,
  ...integrations,
  ...performance,
  ...scaling,
  ...telemetry,
  ...topology,
];
