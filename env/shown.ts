import path from 'node:path';

/** A path as people type it: relative to the working folder where that is shorter. */
export function shown(file: string): string {
  const relative = path.relative(process.cwd(), file);
  return relative.startsWith('..') ? file : relative;
}
