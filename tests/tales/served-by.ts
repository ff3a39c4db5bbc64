import { headed } from './tale.ts';
import type { Bend } from './tale.ts';

/** A header of each answer names the pod which gave it. */
export const servedBy: Bend = headed(({ settings }) => ({
  settings: {
    ...settings,
    application: {
      follow: 'none',
      proof: 'answers',
      statuses: { look: [200] },
      ...settings.application,
      servedBy: 'x-served-by',
    },
  },
}));
