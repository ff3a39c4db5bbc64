import type { Touches } from '../../catalogue/touches.ts';
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

/** The autoscaler is followed while a load is made. */
export const WHILE_LOADED: Touches = {
  lists: ['apps/v1/Deployment', 'autoscaling/v2/HorizontalPodAutoscaler', 'v1/Pod'],
  runner: ['load.start'],
};
