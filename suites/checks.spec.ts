/** What Playwright sees: the checks that the runner planned, each loaded from its own folder. */
import { rowOf } from './catalogue/index.ts';
import { planned, register } from './harness/check.ts';

for (const check of planned()) {
  const observe = await rowOf(check)?.observe?.();
  if (observe === undefined) throw new Error(`${check} was planned, and is not built`);
  register(check, observe);
}
