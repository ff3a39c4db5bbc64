import { defineConfig } from '@playwright/test';
import { readHandover } from './suites/harness/handover.ts';

// Throws unless Plumbline's runner started this process: the suites change a live environment.
const handover = readHandover();

export default defineConfig({
  testDir: 'suites',
  testMatch: '**/*.spec.ts',
  outputDir: handover.outputDir,
  // Two cores is the smallest machine; checks mostly wait.
  workers: 2,
  fullyParallel: true,
  retries: 0,
  // Each check sets its own timeout from the environment's named timeouts, once it holds the lock.
  timeout: 0,
  forbidOnly: true,
  preserveOutput: 'never',
  reporter: [['./suites/harness/progress-reporter.ts']],
  // Checks that only read come before those that disturb. The runner's lock enforces that; this only orders the queue.
  projects: [
    { name: 'shared', grep: /@shared/ },
    { name: 'exclusive', grep: /@exclusive/ },
  ],
});
