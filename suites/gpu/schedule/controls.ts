import { withoutPlugin } from '../_pool/breaking.ts';
import type { Control } from '../../harness/control.ts';

export const controls: readonly Control[] = [
  {
    id: 'gpu/schedule/plugin-down',
    check: 'gpu/schedule',
    verdict: 'fail',
    size: 'full',
    title: 'the device plugin is taken away',
    expectSeen: /refused: .*Insufficient nvidia\.com\/gpu/,
    break: withoutPlugin,
  },
];
