import { withoutPlugin } from '../_pool/breaking.ts';
import { controlsFor } from '../../harness/control.ts';

export const controls = controlsFor('gpu/schedule', {
  'plugin-down': {
    size: 'full',
    title: 'the device plugin is taken away',
    seen: /refused: .*Insufficient nvidia\.com\/gpu/,
    break: withoutPlugin,
  },
});
