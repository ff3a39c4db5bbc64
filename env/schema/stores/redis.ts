import { z } from 'zod';
import { common } from './common.ts';

export const redis = z.strictObject({ ...common });
