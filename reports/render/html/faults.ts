import type { CheckResult, FailoverRecord, RunRecord } from '../../record/run-record.ts';
import { summaryOf } from '../../record/trials.ts';
import { CHECK_WORDS, lostText, pathRtos, requestTotals, secondsOf, worstRtoText } from '../text.ts';
import { anchor, glyph } from './parts.ts';
import { html } from './template.ts';
import type { Html } from './template.ts';

/** Subjects of the suite that are not stores. They have faults of their own, which would make columns that are mostly empty. */
const NO_STORES = new Set(['backend', 'control-plane', 'query', 'ai', 'dev']);

/** Stores × faults: worst RTO and its goal, lost writes and remarks, each cell linked to its check. */
export function faultMatrix(record: RunRecord): Html | null {
  const checks = record.checks.filter((check) => check.trials.length > 0);
  if (checks.length < 2) return null;
  const ofStores = checks.filter((check) => !NO_STORES.has(partsOf(check)[0]));
  const others = checks.filter((check) => NO_STORES.has(partsOf(check)[0]));
  return html`<section id="faults">
    <h2>Failover <small>worst outage of each check, against its goal</small></h2>
    <div class="panel">
      ${ofStores.length > 0 && storeTable(record, ofStores)}${others.length > 0 && otherList(others)}
    </div>
  </section>`;
}

function storeTable(record: RunRecord, checks: readonly CheckResult[]): Html {
  const faults = [...new Set(checks.map((check) => partsOf(check)[1]))];
  const rows = [...Map.groupBy(checks, (check) => partsOf(check)[0])].map(
    ([store, own]) =>
      html`<tr>
        <th scope="row">${store}</th>
        ${faults.map((fault) => {
          const found = own.find((check) => partsOf(check)[1] === fault);
          return html`<td>${found === undefined ? absent(record, store, fault) : cell(found)}</td>`;
        })}
      </tr>`,
  );
  return html`<div
    class="scroll"
    tabindex="0"
    role="region"
    aria-label="Failover of every store under every fault"
  >
    <table class="faults">
      <caption class="sr">
        Failover of every store under every fault
      </caption>
      <thead>
        <tr>
          <th scope="col"><span class="sr">Store</span></th>
          ${faults.map((fault) => html`<th scope="col">${fault}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
  </div>`;
}

function otherList(checks: readonly CheckResult[]): Html {
  return html`<ul class="f-others">
    ${checks.map((check) => {
      const [subject, fault] = partsOf(check);
      return html`<li><span>${subject}, ${fault}</span>${cell(check)}</li>`;
    })}
  </ul>`;
}

function partsOf({ id }: CheckResult): [string, string] {
  const [, store = '?', fault = '?'] = id.split('/');
  return [store, fault];
}

/** A cell without a trial says why, if the check is known at all. */
function absent(record: RunRecord, store: string, fault: string): Html {
  const check = record.checks.find(({ id }) => id === `failover/${store}/${fault}`);
  return check === undefined
    ? html`<span class="f-none">–</span>`
    : html`<span class="f-none"
        >${check.verdict === 'not-run' ? check.reason : CHECK_WORDS[check.verdict]}</span
      >`;
}

function cell(check: CheckResult): Html {
  const goal = check.figures.find(
    ({ name, goal: one }) => /\brto\b/i.test(name) && typeof one === 'number',
  )?.goal;
  const { main, below } = check.trials[0]?.requests === undefined ? outageOf(check, goal) : requestsOf(check);
  return html`<a class="f-cell v-${check.verdict}" href="#${anchor(check)}"
    >${glyph(check.verdict)}<span
      ><b>${main}</b>${below.map((line) => html`<small>${line}</small>`)}<span class="sr"
        >${CHECK_WORDS[check.verdict]}</span
      ></span
    ></a
  >`;
}

interface CellText {
  main: string;
  below: string[];
}

function outageOf({ trials }: CheckResult, goal: number | string | undefined): CellText {
  const below = [goal === undefined ? '' : `goal ≤ ${goal} s`];
  below.push(...pathRtos(trials));
  if (trials.some(({ writes }) => writes !== null)) below.push(`lost ${lostText(trials)}`);
  below.push(trials.length > 1 ? `${trials.length} trials` : '', ...remarksOf(trials));
  return { main: worstRtoText(trials), below: below.filter((line) => line !== '') };
}

function requestsOf({ trials }: CheckResult): CellText {
  const { failed, judged, refused, lastFailureMs: last } = requestTotals(trials);
  return {
    main: `${failed} of ${judged} failed`,
    below: [
      last === 0 ? 'no request failed' : `last failure after ${secondsOf(last)}`,
      ...(refused === 0 ? [] : [`${refused} refused`]),
      ...uncountedRemark(trials),
    ],
  };
}

/** `1 not counted`, which the figures of the cell leave out; where none counts, they are of all. */
function uncountedRemark(trials: readonly FailoverRecord[]): string[] {
  const open = trials.length - summaryOf(trials).counted.length;
  if (open === 0) return [];
  return [trials.length === 1 ? 'not counted' : `${open} not counted`];
}

/** Remarks that the worst RTO alone would hide, on the trials that count as it is itself. */
function remarksOf(trials: readonly FailoverRecord[]): string[] {
  const { inPlace, expected } = summaryOf(trials);
  const said: [number, string][] = [
    [inPlace, 'recovered in place'],
    [expected.slower, 'slower than expected'],
    [expected.faster, 'faster than expected'],
  ];
  return said
    .filter(([count]) => count > 0)
    .map(([count, text]) => (trials.length === 1 ? text : `${count} ${text}`))
    .concat(uncountedRemark(trials));
}
