import { DEVICES, withArgument } from '../_pool/breaking.ts';
import type { Control } from '../../harness/control.ts';

export const controls: readonly Control[] = [
  {
    id: 'gpu/exhausted/one-more',
    check: 'gpu/exhausted',
    verdict: 'fail',
    size: 'full',
    title: 'the device plugin offers one device more than there are',
    expectSeen: /it landed on gpu-1, where pods now ask for 3 of 2/,
    break: (ctx) => withArgument(ctx, `--devices=${DEVICES + 1}`, DEVICES + 1),
  },
];
