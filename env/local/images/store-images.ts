/** The images of the stores, built only where the store is raised. */
import { POSTGRES, POSTGRES_USER } from './debian-recipes.ts';
import { base } from './recipes.ts';
import type { ImageRecipe } from './recipes.ts';

/** By the name that `--with` takes. */
export const STORE_IMAGES: Readonly<Record<string, readonly ImageRecipe[]>> = {
  postgres: [
    {
      name: 'postgres',
      tag: { version: '15' },
      layers: [base, { kind: 'debian', recipe: POSTGRES }],
      run: {
        entrypoint: ['python3', '-m', 'patroni'],
        user: `${String(POSTGRES_USER)}:${String(POSTGRES_USER)}`,
        workdir: '/var/lib/postgresql',
        env: {
          PATH: '/usr/lib/postgresql/15/bin:/usr/local/bin:/usr/bin:/bin',
          LANG: 'C.UTF-8',
          HOME: '/var/lib/postgresql',
          PYTHONUNBUFFERED: '1',
        },
      },
    },
  ],
};
