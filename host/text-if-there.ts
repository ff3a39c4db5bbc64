import { readFile } from 'node:fs/promises';
import { errorCode } from '../reports/record/error-text.ts';

/** The text of a file; null: there is no such file. @throws any other error of reading */
export async function textIfThere(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  }
}
