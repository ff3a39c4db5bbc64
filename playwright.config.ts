import { defineConfig } from '@playwright/test';

if ((process.env['PLUMBLINE_ENV'] ?? '') === '')
  throw new Error(
    'The checks need an environment: PLUMBLINE_ENV=NAME npx playwright test, with a name in env/ or a file. ' +
      '`npx plumbline run --env NAME` runs them without Playwright.',
  );

export default defineConfig({
  testDir: 'suites',
  testMatch: '**/*.spec.ts',
  outputDir: 'runs/playwright',
  globalSetup: './suites/harness/global-setup.ts',
  // The runner runs no more at a time, and those that disturb alone.
  workers: 2,
  fullyParallel: true,
  retries: 0,
  // The runner gives each check its time, once it is its turn.
  timeout: 0,
  forbidOnly: true,
  reporter: [['list', { printSteps: true }]],
});
