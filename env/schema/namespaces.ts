import { z } from 'zod';
import { kubeName } from '../../probes/declaring.ts';

export const namespaces = z.strictObject({
  platform: kubeName.default('tender').describe('The platform under test'),
  edge: kubeName.default('edge').describe('Ingress controller and gateway'),
  canary: kubeName.default('plumbline-canary').describe('What checks create and remove'),
  system: kubeName
    .default('plumbline-system')
    .describe(
      'Lease, mirror of the rollback journal, kill switch. Environment files for one cluster name the same one: the Lease in it lets one of them run at a time, and another namespace is another Lease',
    ),
  drill: kubeName
    .default('plumbline-drill')
    .describe(
      'The account of drills, their privileged pods, and the Job of the gate with what it needs; nothing else. The owners of the cluster create it',
    ),
});
