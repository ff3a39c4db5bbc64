/**
 * Benchmarks of the harness itself, one per line with its goal: `npm run bench [-- SECTION…]`; the sections are `judging`, `load` and
 * `memory`, by default all. Exit 1 if a goal is missed.
 */
import { benchJudging } from './bench/judging.ts';
import { benchLoad } from './bench/load.ts';
import { benchMemory } from './bench/memory.ts';

const SECTIONS: Readonly<Record<string, () => Promise<void>>> = {
  judging: benchJudging,
  load: benchLoad,
  memory: benchMemory,
};

const asked = process.argv.slice(2);
const unknown = asked.find((name) => !Object.hasOwn(SECTIONS, name));
if (unknown !== undefined) {
  console.error(`no section "${unknown}"; there are ${Object.keys(SECTIONS).join(', ')}`);
  process.exit(64);
}
for (const [name, run] of Object.entries(SECTIONS))
  if (asked.length === 0 || asked.includes(name)) await run();
