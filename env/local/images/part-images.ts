/** The images of the parts of the platform that can be left out, built only where they are raised. */
import { bare, programs } from './recipes.ts';
import type { ImageRecipe } from './recipes.ts';

/** By the word that `--with` takes. */
export const PART_IMAGES: Readonly<Record<string, readonly ImageRecipe[]>> = {
  gpu: [
    {
      name: 'device-plugin',
      tag: { version: '0.1.0' },
      layers: [bare, programs('device-plugin')],
      run: { entrypoint: ['device-plugin'] },
    },
  ],
};
