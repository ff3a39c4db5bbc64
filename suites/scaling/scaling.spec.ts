/** Scaling under load: the backend behind the edge grows and shrinks, and pods start. */
import { check } from '../harness/check.ts';
import { growBackend, shrinkBackend } from './backend.ts';
import { startPods } from './startup.ts';

check('scaling/backend/up', growBackend);
check('scaling/backend/down', shrinkBackend);
check('scaling/pods/startup', startPods);
