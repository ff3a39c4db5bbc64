import { writeSync } from 'node:fs';

/**
 * Writes all of it. On a full disk a single write may take only the part that still fits, and say so by nothing but its result.
 * @throws Error of the file system, for the rest
 */
export function writeWhole(fd: number, text: string): void {
  let bytes = Buffer.from(text);
  while (bytes.length > 0) bytes = bytes.subarray(writeSync(fd, bytes));
}
