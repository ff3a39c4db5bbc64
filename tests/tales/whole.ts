/** Tales that are told to every check, or to every one with trials. */
import type { Tale } from './tale.ts';

export const TALES: readonly Tale[] = [];
