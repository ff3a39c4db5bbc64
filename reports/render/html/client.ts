import type { Afterwards, FailoverRecord } from '../../record/run-record.ts';
import { duration, plural, secondsOf } from '../text.ts';
import { glyph, table } from './parts.ts';
import { html } from './template.ts';
import type { Html } from './template.ts';

/** The client of the store, once for all trials: its settings, and which of its errors prove that nothing was written. */
export function clientPart(trials: readonly FailoverRecord[]): Html | null {
  const clientLoad = trials.find((trial) => trial.clientLoad !== undefined)?.clientLoad;
  if (clientLoad === undefined) return null;
  const reads = clientLoad.readRatePerSecond > 0 ? `, ${clientLoad.readRatePerSecond} reads/s` : '';
  const rows = clientLoad.settings.map(({ name, value }) => [
    html`<code>${name}</code>`,
    html`<code>${value}</code>`,
  ]);
  return html`<details class="inner">
    <summary>Client: ${clientLoad.client}, ${clientLoad.ratePerSecond} operations/s${reads}</summary>
    <div class="columns">
      <div>
        <h5>Client settings</h5>
        ${table('Settings of the client', [{ title: 'Setting' }, { title: 'Value' }], rows)}
      </div>
      <div>
        <h5>Errors that prove that nothing was written</h5>
        <p class="note">After any other error the outcome is unknown: the write may be there or not.</p>
        <ul class="plain">
          ${clientLoad.definiteFailures.map((one) => html`<li>${one}</li>`)}
        </ul>
      </div>
    </div>
  </details>`;
}

/** State of the environment after the trial, compared with the state before it. */
export function afterwardsPart({ afterwards }: FailoverRecord): Html | null {
  if (afterwards === undefined) return null;
  return html`<h5>Afterwards</h5>
    <ul class="plain">
      <li>${mark(afterwards.steady === true, afterwards.steady === null)} ${steadyText(afterwards)}</li>
      ${rolesText(afterwards)}
      <li>
        ${mark(afterwards.differences.length === 0, afterwards.objects === null)} ${objectsText(afterwards)}
      </li>
    </ul>`;
}

function mark(ok: boolean, unknown: boolean): Html {
  return glyph(unknown ? 'inconclusive' : ok ? 'pass' : 'fail');
}

function steadyText({ steady, detail }: Afterwards): string {
  if (steady === null) return 'Whether the environment was steady again was not checked.';
  return steady ? `Steady again: ${detail}` : `Not steady: ${detail}`;
}

function rolesText({ roles }: Afterwards): Html | null {
  if (roles.length === 0) return null;
  const changed = roles.filter(({ before, after }) => before !== after);
  const told =
    changed.length === 0
      ? `Roles as before in ${plural(roles.length, 'store')}: ${roles.map(({ store, before }) => `${store} (${before})`).join('; ')}`
      : `Roles changed: ${changed.map(({ store, before, after }) => `${store} was ${before}, is ${after}`).join('; ')}`;
  return html`<li>${mark(changed.length === 0, false)} ${told}</li>`;
}

function objectsText({ objects, differences }: Afterwards): string {
  if (objects === null) return 'Objects were not compared.';
  const all = plural(objects, 'object');
  return differences.length === 0
    ? `${all} compared, all as before`
    : `${all} compared, not as before: ${differences.join('; ')}`;
}

/** What limits these trials: something simulated or stubbed, a store of one member. */
export function remarksPart(trials: readonly FailoverRecord[]): Html | null {
  const said = [...new Set(trials.flatMap((trial) => trial.remarks ?? []))];
  if (said.length === 0) return null;
  return html`<ul class="caveats">
    ${said.map((remark) => html`<li>${remark}</li>`)}
  </ul>`;
}

/** Trials that are listed and decide nothing, each with its reason. */
export function uncountedPart(trials: readonly FailoverRecord[], most: number): Html | null {
  const open = trials.filter(({ verdict }) => verdict === 'inconclusive' || verdict === 'not-run');
  if (open.length === 0 || trials.length === 1) return null;
  const left = open.length - most;
  return html`<h5>${plural(open.length, 'trial')} of ${trials.length} did not count</h5>
    <ul class="plain">
      ${open.slice(0, most).map((trial) => html`<li>${glyph('inconclusive')} Trial ${trial.trial}: ${trial.reason}</li>`)}${left > 0 && html`<li>and ${left} more in run.json</li>`}
    </ul>`;
}

/** What the trial cost in error budget, and how long each of its stages took. */
export function costPart({ budget, spentMs }: FailoverRecord): Html | null {
  const stages = Object.entries(spentMs ?? {}).map(([stage, ms]) => `${stage} ${duration(ms)}`);
  if (budget === undefined && stages.length === 0) return null;
  const spent = budget?.spentMs ?? null;
  const price =
    budget !== undefined &&
    html`<span
      ><b>Error budget</b> estimated ${secondsOf(budget.estimateMs)}, spent
      ${spent === null ? 'not counted' : `${secondsOf(spent)}, counted live four times a second and so less exact than the RTO`}${budget.restoredEarly !== null && `; undone early: ${budget.restoredEarly}`}</span
    >`;
  return html`<p class="facts">
    ${price}${stages.length > 0 && html`<span><b>Time spent</b> ${stages.join(', ')}</span>`}
  </p>`;
}
