import type { Touches } from '../../catalogue/touches.ts';

/** How things are before a trial and after it. */
export const TRIAL: Touches = { runner: ['state.note', 'state.compare', 'evidence.collect'] };

/** A Deployment that is hit while requests are sent, and its pods until they are as many as before. */
export const DEPLOYMENT_TRIAL: Touches = {
  lists: ['apps/v1/Deployment'],
  runner: ['state.note', 'state.compare', 'evidence.collect', 'clientLoad.start', 'fault.inject'],
};

/** A rolling restart of it, which no account outside embedded environments may do. */
export const ROLLOUT_TRIAL: Touches = {
  ...DEPLOYMENT_TRIAL,
  runner: [...(DEPLOYMENT_TRIAL.runner ?? []), 'deployment.restart', 'deployment.rolledOut'],
  embeddedOnly: true,
};
