import { DEVICES, withArgument } from '../_pool/breaking.ts';
import { controlsFor } from '../../harness/control.ts';

export const controls = controlsFor('gpu/exhausted', {
  'one-more': {
    size: 'full',
    title: 'the device plugin offers one device more than there are',
    seen: /it landed on gpu-1, where pods now ask for 3 of 2/,
    break: (ctx) => withArgument(ctx, `--devices=${DEVICES + 1}`, DEVICES + 1),
  },
});
