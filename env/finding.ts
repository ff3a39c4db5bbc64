import type { DataPath } from './yaml-source.ts';

/** Something in an environment file that refers to nothing, or does not go with the rest of it. */
export interface Finding {
  path: DataPath;
  at?: 'key' | 'value';
  message: string;
  found: string;
  allowed?: string;
}
