/** The reference backend. */
import { part } from '../part.ts';

export const tenderApi = part({ name: 'tender-api' });
