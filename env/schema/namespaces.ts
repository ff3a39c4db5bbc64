import { z } from 'zod';
import { kubeName } from '../../probes/declaring.ts';

export const namespaces = z.strictObject({
  platform: kubeName.default('tender').describe('The platform under test'),
  edge: kubeName.default('edge').describe('Ingress controller and gateway'),
  canary: kubeName.default('plumbline-canary').describe('What checks create and remove'),
  system: kubeName.default('plumbline-system').describe('Lease, mirror of the rollback journal, kill switch'),
  drill: kubeName
    .default('plumbline-drill')
    .describe('Privileged pods of drills and nothing else; the owners of the cluster create it'),
});
