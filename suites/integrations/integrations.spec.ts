/** What the platform needs from others: its language model. */
import { check } from '../harness/check.ts';
import { askTheModel } from './llm.ts';

check('integrations/llm', askTheModel);
