import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setVariable } from '../../host/_testing/variable.ts';
import { playwrightEnvironment } from './playwright.ts';

test('should tell Playwright where its browsers are, and keep secrets from it', (context) => {
  setVariable(context, 'PLAYWRIGHT_BROWSERS_PATH', '/browsers');
  setVariable(context, 'PLUMBLINE_POSTGRES_PASSWORD', 'geheim');
  const { PLAYWRIGHT_BROWSERS_PATH, PLUMBLINE_POSTGRES_PASSWORD } = playwrightEnvironment();
  assert.deepEqual([PLAYWRIGHT_BROWSERS_PATH, PLUMBLINE_POSTGRES_PASSWORD], ['/browsers', undefined]);
});
