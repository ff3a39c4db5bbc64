import { kinds } from './kinds.ts';

export const GPU = kinds({});
