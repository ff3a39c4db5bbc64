import { z } from 'zod';
import { common } from './common.ts';

export const elasticsearch = z.strictObject({ ...common });
