import { DEVICES, withArgument } from '../_pool/breaking.ts';
import type { Control } from '../../harness/control.ts';

export const controls: readonly Control[] = [
  {
    id: 'gpu/exclusive/same-device',
    check: 'gpu/exclusive',
    verdict: 'fail',
    size: 'full',
    title: 'the device plugin gives every container the same device',
    expectSeen: /^device SIM-gpu-1-0 of gpu-1: .*(?:gpu-holds-0, gpu-holds-1|gpu-holds-1, gpu-holds-0)/,
    break: (ctx) => withArgument(ctx, '--same-device=true', DEVICES),
  },
];
