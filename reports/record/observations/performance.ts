import { kinds } from './kinds.ts';

export const PERFORMANCE = kinds({});
