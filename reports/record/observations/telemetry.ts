import { kinds } from './kinds.ts';

export const TELEMETRY = kinds({});
