import { defineConfig } from '@playwright/test';
import { readHandover } from './suites/harness/handover.ts';

// Throws when Plumbline's runner did not start it: these suites change a live environment.
const handover = readHandover();

export default defineConfig({
  testDir: 'suites',
  testMatch: '**/*.spec.ts',
  outputDir: handover.outputDir,
  // Two cores is the smallest machine; checks mostly wait.
  workers: 2,
  fullyParallel: true,
  retries: 0,
  // Each check sets its own time from the environment's named time-outs, once it holds the lock.
  timeout: 0,
  forbidOnly: true,
  preserveOutput: 'never',
  reporter: [['./suites/harness/progress-reporter.ts']],
  // Readers first, then what disturbs; the lock in the runner enforces it, this only orders the queue.
  projects: [
    { name: 'shared', grep: /@shared/ },
    { name: 'exclusive', grep: /@exclusive/ },
  ],
});
