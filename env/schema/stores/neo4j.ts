import { z } from 'zod';
import { common } from './common.ts';

export const neo4j = z.strictObject({ ...common });
