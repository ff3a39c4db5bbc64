import type { Touches } from '../../catalogue/touches.ts';

/** Reading the state before and after a trial. */
export const TRIAL: Touches = { runner: ['state.note', 'state.compare', 'evidence.collect'] };

/** Requests and a fault for a Deployment; its pods are listed until as many are there as before. */
export const DEPLOYMENT_TRIAL: Touches = {
  lists: ['apps/v1/Deployment'],
  runner: ['state.note', 'state.compare', 'evidence.collect', 'clientLoad.start', 'fault.inject'],
};

/** A rolling restart, which Plumbline's accounts may only do in embedded environments. */
export const ROLLOUT_TRIAL: Touches = {
  ...DEPLOYMENT_TRIAL,
  runner: [...(DEPLOYMENT_TRIAL.runner ?? []), 'deployment.restart', 'deployment.rolledOut'],
  embeddedOnly: true,
};
