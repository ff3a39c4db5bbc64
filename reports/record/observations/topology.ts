import { kinds } from './kinds.ts';

export const TOPOLOGY = kinds({});
