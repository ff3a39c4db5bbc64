import { withoutPlugin } from '../_pool/breaking.ts';
import type { Control } from '../../harness/control.ts';

export const controls: readonly Control[] = [
  {
    id: 'gpu/allocatable/plugin-down',
    check: 'gpu/allocatable',
    verdict: 'fail',
    size: 'full',
    title: 'the device plugin is taken away',
    expectSeen: /expected 2 nvidia\.com\/gpu allocatable, seen 0/,
    break: withoutPlugin,
  },
];
