import { DEVICES, withArgument } from '../_pool/breaking.ts';
import { controlsFor } from '../../harness/control.ts';

export const controls = controlsFor('gpu/exclusive', {
  'same-device': {
    size: 'full',
    title: 'the device plugin gives every container the same device',
    seen: /^device SIM-gpu-1-0 of gpu-1: .*(?:gpu-holds-0, gpu-holds-1|gpu-holds-1, gpu-holds-0)/,
    break: (ctx) => withArgument(ctx, '--same-device=true', DEVICES),
  },
});
