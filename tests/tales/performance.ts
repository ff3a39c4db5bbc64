import type { Tale } from './tale.ts';

export const TALES: readonly Tale[] = [];
