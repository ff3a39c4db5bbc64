import type { DataPath } from './yaml-source.ts';

/** A reference in an environment file without a target, or a value that contradicts the rest of the file. */
export interface Finding {
  path: DataPath;
  at?: 'key' | 'value';
  message: string;
  found: string;
  allowed?: string;
}
