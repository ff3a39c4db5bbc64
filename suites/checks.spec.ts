/** What Playwright shows: a test for each check that is built. The runner, a process of its own, runs, judges and undoes. */
import { test } from '@playwright/test';
import { catalogue } from './catalogue/index.ts';
import { showCheck } from './harness/ask-runner.ts';

for (const { id, observe } of catalogue())
  if (observe !== undefined)
    test(id, async ({}, info) => {
      await showCheck(id, info);
    });
