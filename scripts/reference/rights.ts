/**
 * The page on rights, written from what definitions, faults, engines and the runner say that they need; `deploy/rights.test.ts` holds
 * `deploy/rbac.yaml` against the same.
 */
import { namespaces } from '../../env/schema/namespaces.ts';
import { faultOf, FAULTS } from '../../faults/index.ts';
import type { Right } from '../../probes/kubernetes/access/rights.ts';
import {
  DRILLS,
  EVERY_COMMAND,
  OPERATED,
  OWNERS,
  REACH,
  RESTORES,
  RUNS,
  UNDO_JOBS,
} from '../../runner/safety/rights.ts';
import type { Purpose } from '../../runner/safety/rights.ts';
import { catalogue, suiteOf, suites } from '../../suites/catalogue/index.ts';
import type { CatalogueRow } from '../../suites/catalogue/index.ts';
import { rightLines, rightsOf } from '../../suites/catalogue/rights.ts';
import { cell } from './cell.ts';

export function rightsPage(): string {
  const places = Object.entries(namespaces.parse({})).map(([place, name]) => `*${place}* is \`${name}\``);
  return `# Rights

Written from the definitions of checks (\`touches\`), of faults (\`rights\`) and of what the runner does; do not edit this page. \`deploy/rbac.yaml\` grants this and nothing else, but for what is said to be elsewhere, and a test holds it to that.
\`npx plumbline explain CHECK\` says the same of one check. In the embedded environment Plumbline's account may do everything, so this page does not apply there.

Places are named as in an environment file's \`namespaces\`; by default ${places.join(', ')}. *workloads* each namespace of \`topology.workloads\`, of the members of stores and of \`ai.deployment\`. What any account has from Kubernetes itself (finding out which
kinds there are, and asking about its own rights) is not listed.

## Accounts

| account | for | its roles |
| --- | --- | --- |
| \`plumbline\` | runs: checks that read or write canaries | \`plumbline-read\`, \`plumbline-evidence\`, \`plumbline-operators\`, \`plumbline-canary\`, \`plumbline-system\` |
| \`plumbline-drill\` | drills: checks that disturb, with or without a permit | the same, and \`plumbline-drill\` |
| \`plumbline-undo\` | Jobs that undo what a dead run left | \`plumbline-undo\` |
| the group \`tender-owners\` | the permit and the kill switch | \`plumbline-owner\` |

## Whatever is run

### run, drill, controls and restore

They keep others out while something may be changed. A run with \`--read-only\` needs the first row alone (and \`get\` of the ConfigMap \`plumbline-journal\` where \`topology/workloads/declared\` is to judge restarts of late: without it they are inconclusive); \`list\`, \`explain\`, \`rules\`, \`doctor\` and \`env validate\` need none of them (\`doctor\` says which are missing).

${purposes(EVERY_COMMAND)}
### Runs and drills

${purposes(RUNS)}
### Faults

${purposes(DRILLS)}
Rights that the fault itself needs; the account \`plumbline-drill\` has them all:

${table(
  ['fault', 'rights'],
  FAULTS.map((name) => [`\`${name}\``, linesText(faultOf(name).rights, 'none of the API server')]),
)}
### Objects of operators

Needed where an environment declares them, as the role \`plumbline-operators\` gives them; without them what they say is unknown, and the checks that read them are inconclusive.

${purposes(OPERATED)}
### From outside of the cluster's network

Needed where an environment declares \`cluster.reach: port-forward\`; \`deploy/port-forward.yaml\` gives them, as the role \`plumbline-reach\`. Without them no store can be asked, and its checks are inconclusive.

${purposes(REACH)}
### init

\`plumbline init\` lists what \`plumbline-read\` and \`plumbline-operators\` may list, and CronJobs, as \`deploy/init.yaml\` lets it with the role \`plumbline-init\`. What it may not list it names in the draft.

### restore

The rights [above](#run-drill-controls-and-restore), the rights to undo what is open (\`get\`, and \`patch\` or \`delete\`), and

${purposes(RESTORES)}
### Jobs that undo

Rights of the account \`plumbline-undo\`, besides \`get\` and \`delete\` on everything that may be created in *canary* and *drill*.

${purposes(UNDO_JOBS)}
### The owners of the platform

${purposes(OWNERS)}
## Checks

These come on top of the rights that are needed whatever is run. Rights *in canary* are needed only where a check may write. The account follows from the access that the check has in a kind of environment ([checks](checks.md)).

${suites().map(suiteText).join('')}`;
}

function purposes(all: readonly Purpose[]): string {
  return table(
    ['for', 'rights'],
    all.map(({ what, rights }) => [what, linesText(rights, 'none')]),
  );
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |\n`;
  return [heads, heads.map(() => '---'), ...rows].map(line).join('');
}

function linesText(rights: readonly Right[], none: string): string {
  return rights.length === 0 ? none : rightLines(rights).join('<br>');
}

function suiteText(suite: string): string {
  const rows = catalogue().filter((row) => row.built && suiteOf(row.id) === suite);
  if (rows.length === 0) return '';
  const alike = Map.groupBy(rows, (row) => `${accountOf(row)} ${rightsText(row)}`).values();
  const cells = [...alike].map((group) => [
    group.map(({ id }) => `\`${id}\``).join('<br>'),
    ...group.slice(0, 1).flatMap((row) => [accountOf(row), rightsText(row)]),
  ]);
  return `### ${suite}\n\n${table(['checks', 'account', 'rights'], cells)}\n`;
}

/** Outside the embedded environment, whose account is its owner's. */
function accountOf({ access: { local: _, ...elsewhere }, touches }: CatalogueRow): string {
  if (touches.embeddedOnly === true) return '–';
  const all = Object.values(elsewhere);
  const disturbs = all.some((one) => one === 'F' || one === 'permit');
  const looks = all.some((one) => one === 'r' || one === 'w');
  return [looks ? '`plumbline`' : null, disturbs ? '`plumbline-drill`' : null]
    .filter((one) => one !== null)
    .join(', ');
}

function rightsText(row: CatalogueRow): string {
  if (row.touches.embeddedOnly === true)
    return 'runs in embedded environments only: it needs more than other environments grant';
  return linesText(rightsOf(row), 'none');
}
