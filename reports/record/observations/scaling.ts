import { kinds } from './kinds.ts';

export const SCALING = kinds({});
