/** Scaling under load: the backend behind the edge grows and shrinks, the AI service grows with its queue, and pods start. */
import { check } from '../harness/check.ts';
import { growAi } from './ai.ts';
import { growBackend, shrinkBackend } from './backend.ts';
import { startPods } from './startup.ts';

check('scaling/backend/up', growBackend);
check('scaling/backend/down', shrinkBackend);
check('scaling/ai/up', growAi);
check('scaling/pods/startup', startPods);
