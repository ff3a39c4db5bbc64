import { kinds } from './kinds.ts';

export const INTEGRATIONS = kinds({});
