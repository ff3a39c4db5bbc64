/** Makes the harness, and none of its children, spin for ever once the file that PLUMBLINE_TEST_SPIN names exists. */
import { existsSync } from 'node:fs';
import { setInterval } from 'node:timers';

const file = process.env['PLUMBLINE_TEST_SPIN'];
if (file !== undefined && (process.argv[1] ?? '').includes('plumbline'))
  setInterval(() => {
    while (existsSync(file));
  }, 50).unref();
