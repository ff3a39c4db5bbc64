/** What the platform needs from others: its language model. */
import { check } from '../harness/check.ts';
import { askTheModel, lookForTheToken } from './llm.ts';

check('integrations/llm', askTheModel);
// After the drafts, so that the logs have what was written about them.
check('integrations/llm-token', lookForTheToken);
