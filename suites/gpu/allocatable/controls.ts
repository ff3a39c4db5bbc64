import { withoutPlugin } from '../_pool/breaking.ts';
import { controlsFor } from '../../harness/control.ts';

export const controls = controlsFor('gpu/allocatable', {
  'plugin-down': {
    size: 'full',
    title: 'the device plugin is taken away',
    seen: /expected 2 nvidia\.com\/gpu allocatable, seen 0/,
    break: withoutPlugin,
  },
});
