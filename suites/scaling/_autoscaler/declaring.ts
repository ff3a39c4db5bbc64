import type { Time } from '../../catalogue/types.ts';

export const upAndDown: Time = {
  waits: [
    'scaleDown',
    'scaleUp',
    'loadStop',
    'scaleDown',
    'scaleUp',
    'loadStop',
    'scaleDown',
    'loadStop',
    'settle',
  ],
  usualMs: 180_000,
};
