import { kinds } from './kinds.ts';

export const REQUESTS = kinds({});
