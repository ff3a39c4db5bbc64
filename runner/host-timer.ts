/** The process of the timer on the host: `host-timer.ts JOURNAL_FOLDER [KUBECONFIG]`. */
import { existsSync } from 'node:fs';
import './provider-safety.ts';
import { runHostTimer } from './safety/timers/host-timer.ts';

const [, , folder, kubeconfig] = process.argv;
if (folder !== undefined && existsSync(folder)) await runHostTimer(folder, kubeconfig);
