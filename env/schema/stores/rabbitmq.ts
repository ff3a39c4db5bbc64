import { z } from 'zod';
import { common } from './common.ts';

export const rabbitmq = z.strictObject({ ...common });
