import type { CheckResult, RunRecord } from '../../record/run-record.ts';
import { unmet, worstFirst } from '../../record/rule.ts';
import {
  CHECK_WORDS,
  clipped,
  duration,
  grouped,
  plural,
  pressureText,
  UNMATCHED,
  unmatchedTitle,
} from '../text.ts';
import { notRunGroups } from '../not-run.ts';
import { failoverParts } from './failover.ts';
import { gpuPart } from './gpu.ts';
import type { Limits } from './limits.ts';
import { loadParts } from './loads.ts';
import { LONG_CHARS, anchor, badge, glyph, table } from './parts.ts';
import { telemetryParts } from './telemetry.ts';
import { html } from './template.ts';
import type { Html } from './template.ts';

/** All checks: what needs attention, what passed, what was not run. */
export function checkSections(record: RunRecord, limits: Limits): Html {
  const attention = unmet(record.checks);
  const missing = record.checks.filter((check) => check.required && check.verdict === 'not-run');
  const passed = record.checks.filter(({ verdict }) => verdict === 'pass');
  // Failover first: readers look for it, and its verdict alone says too little.
  passed.sort((a, b) => Number(b.trials.length > 0) - Number(a.trials.length > 0));
  return html`${attentionSection(attention, missing, limits)}${
    passed.length > 0 &&
    html`<section id="passed">
      <h2>Passed <small>${passed.length}</small></h2>
      ${passed.map((check) => checkPart(check, limits, check.trials.length > 0))}
    </section>`
  }${notRunSection(record.checks)}`;
}

function attentionSection(
  checks: readonly CheckResult[],
  missing: readonly CheckResult[],
  limits: Limits,
): Html | null {
  if (checks.length + missing.length === 0) return null;
  const required = missing.map(
    (check) =>
      html`<li>
        ${badge('not-run')} <a href="#${anchor(check)}">${check.id}</a> is required, and was not run:
        ${check.reason}
      </li>`,
  );
  return html`<section id="attention">
    <h2>Needs attention <small>${checks.length + missing.length}</small></h2>
    ${
      required.length > 0 &&
      html`<ul class="missing">
        ${required}
      </ul>`
    }${checks.map((check) => checkPart(check, limits, true))}
  </section>`;
}

function checkPart(check: CheckResult, limits: Limits, open: boolean): Html {
  return html`<details class="check v-${check.verdict}" id="${anchor(check)}" ${open ? html`open` : ''}>
    <summary>
      <span class="c-verdict">${badge(check.verdict)}</span>
      <h3 class="c-title"><b>${check.title}</b> <code>${check.id}</code></h3>
      <span class="c-line">${check.reason}</span><span class="c-time">${duration(check.durationMs)}</span>
    </summary>
    <div class="body">
      ${goalLine(check)}${comparison(check)}${rules(check)}${figures(check)}${check.trials.length > 0 && failoverParts(check, limits)}${loadParts(check, limits)}${gpuPart(check, limits)}${telemetryParts(check)}${findings(check)}${letOff(check)}${evidence(check, limits)}${steps(check)}${footer(check)}
    </div>
  </details>`;
}

function goalLine(check: CheckResult): Html {
  const source = {
    assumed: html`<span class="tag assumed">assumed, not confirmed by an owner</span>`,
    confirmed: html`<span class="tag">confirmed</span>`,
    none: html``,
  }[check.goalSource];
  const stubbed =
    check.stubbed.length > 0 && html`<span class="tag stub">stubbed: ${check.stubbed.join(', ')}</span>`;
  const { notMet = [] } = check;
  const unmet = notMet.length > 0 && html`<span class="tag stub">not met yet: ${notMet.join(', ')}</span>`;
  const required = check.required && html`<span class="tag">required</span>`;
  return html`<p class="goal"><b>Goal</b> ${check.goal} ${source} ${required} ${stubbed} ${unmet}</p>`;
}

function comparison(check: CheckResult): Html {
  return html`<dl class="compare2">
    <div>
      <dt>Expected</dt>
      <dd>${check.expected || '–'}</dd>
    </div>
    <div>
      <dt>Seen</dt>
      <dd>${check.seen || '–'}</dd>
    </div>
  </dl>`;
}

function figures(check: CheckResult): Html | null {
  if (check.figures.length === 0) return null;
  const shown = check.figures.map(
    (figure) =>
      html`<div>
        <dt>${figure.name}</dt>
        <dd class="${typeof figure.value === 'number' ? '' : 'f-text'}">
          ${amount(figure.value)}${typeof figure.value === 'number' && figure.unit ? html` <small>${figure.unit}</small>` : ''}${figure.goal !== undefined && html`<span class="f-goal">goal ${goalText(figure)}</span>`}
        </dd>
      </div>`,
  );
  return html`<dl class="figures">${shown}</dl>`;
}

/** The rules that the verdict rests on, worst first. Closed at first when the check passed. */
function rules({ rules: all = [], verdict }: CheckResult): Html | null {
  if (all.length === 0) return null;
  const rows = worstFirst(all).map((rule) => [
    html`<span class="nowrap">${glyph(rule.verdict)} ${CHECK_WORDS[rule.verdict]}</span>`,
    html`<code>${rule.id}</code>`,
    rule.text,
  ]);
  return html`<details class="inner rules" ${verdict === 'pass' ? html`` : html`open`}>
    <summary>Rests on ${plural(all.length, 'rule')}</summary>
    ${table('Rules', [{ title: 'Verdict' }, { title: 'Rule' }, { title: 'Found' }], rows)}
    ${
      all.some(({ id }) => id.startsWith('evidence/')) &&
      html`<p class="note">
        Rules evidence/… count what was recorded. It can be more than is declared: a workload has several
        pods, a setting is read on every member.
      </p>`
    }
  </details>`;
}

/** `≤ 30 s`: a limit with its unit. The RTO's is recorded as a bare number, because its chart is drawn from that. */
function goalText({ name, goal, unit }: CheckResult['figures'][number]): string {
  const limit = typeof goal === 'number' && /\brto\b/i.test(name) ? `≤ ${goal}` : amount(goal ?? null);
  return unit !== undefined && /^([≤≥<>] )?[\d.,]+$/.test(limit) ? `${limit} ${unit}` : limit;
}

function amount(value: number | string | null): string {
  if (value === null) return 'not measured';
  return typeof value === 'number' ? grouped(value) : value;
}

function findings(check: CheckResult): Html | null {
  if (check.findings.length === 0) return null;
  const rows = check.findings.map((finding) => [
    html`<span class="nowrap"
      >${glyph(finding.ok ? 'pass' : 'fail')} ${finding.ok ? 'as expected' : 'differs'}</span
    >`,
    html`<code class="subject">${finding.subject}</code>`,
    finding.expected,
    finding.seen,
  ]);
  const left = check.findingsTotal - check.findings.length;
  return html`<h4>${plural(check.findingsTotal, 'finding')}</h4>
    ${table('Findings', [{ title: '' }, { title: 'Object' }, { title: 'Expected' }, { title: 'Seen' }], rows)}${left > 0 && html`<p class="note">${left} more findings are not in the record.</p>`}`;
}

/** What the environment file lets off, and its entries that matched nothing: the verdict is not about it. */
function letOff({ exemptions = [], unmatchedExemptions = [] }: CheckResult): Html {
  const title = `${exemptions.length} let off by the environment file, not judged`;
  const unmatched = unmatchedExemptions.map((entry) => ({
    ...entry,
    reason: `${UNMATCHED} (${entry.reason})`,
  }));
  return html`${entries(title, 'Let off by the environment file', exemptions)}${entries(unmatchedTitle(unmatched.length), 'Matched nothing', unmatched)}`;
}

function entries(
  title: string,
  caption: string,
  of: readonly { subject: string; reason: string }[],
): Html | null {
  if (of.length === 0) return null;
  const rows = of.map(({ subject, reason }) => [html`<code class="subject">${subject}</code>`, reason]);
  return html`<h4>${title}</h4>
    ${table(caption, [{ title: 'Object' }, { title: 'Reason' }], rows)}`;
}

function evidence(check: CheckResult, limits: Limits): Html | null {
  if (check.evidence.length === 0) return null;
  // Checks that passed are many and seldom read: half the evidence is enough for them.
  const share = check.verdict === 'pass' ? 0.5 : 1;
  const chars = Math.round(limits.evidenceChars * share);
  const shown = check.evidence.slice(0, Math.ceil(limits.evidenceItems * share));
  const left = check.evidence.length - shown.length;
  const items = shown.map((piece) => {
    const open = openFor(check, piece.text);
    return html`<details class="inner ${open ? '' : 'unprinted'}" ${open ? html`open` : ''}>
      <summary>${piece.source}${piece.at && html` <small>${piece.at}</small>`}</summary>
      <pre tabindex="0">${clipped(piece.text, chars)}</pre>
    </details>`;
  });
  return html`<h4>Evidence</h4>
    ${items}${left > 0 && html`<p class="note">${left} more pieces of evidence are in run.json.</p>`}`;
}

/** Only short evidence of checks that did not pass is open at first; the rest stays closed on paper too. */
function openFor(check: CheckResult, text: string): boolean {
  return check.verdict !== 'pass' && text.length <= LONG_CHARS;
}

function steps(check: CheckResult): Html | null {
  if (check.steps.length === 0) return null;
  const items = check.steps.map(
    (step) =>
      html`<li>
        <span>${step.title}</span>
        <small>${duration(step.durationMs)}</small
        >${step.error && html`<pre tabindex="0">${clipped(step.error, 2000)}</pre>`}
      </li>`,
  );
  return html`<details class="inner">
    <summary>
      ${plural(check.steps.length, 'step')}, ${duration(check.durationMs)},
      ${plural(check.apiCalls, 'API call')} to look at the cluster or change it
    </summary>
    <p class="note">
      Not among these calls: what an earlier check had listed already, and requests that a check sends in
      order to measure.
    </p>
    <ol class="steps">
      ${items}
    </ol>
  </details>`;
}

function footer(check: CheckResult): Html {
  return html`<p class="rerun">
      <span>Run it again</span> <code class="command">${check.rerun}</code
      ><button type="button" class="copy js" hidden>Copy</button>
    </p>
    ${check.pressure && html`<p class="meta">${pressureText(check.pressure)}.</p>`}
    <p class="meta">
      ${check.section !== '–' && `Answers section ${check.section} of ARCH-2025-11-005. `}${check.history && html`History: <code>${check.history}</code>`}
    </p>`;
}

function notRunSection(checks: readonly CheckResult[]): Html | null {
  const groups = notRunGroups(checks);
  if (groups.length === 0) return null;
  const total = groups.reduce((sum, group) => sum + group.checks.length, 0);
  const parts = groups.map(({ title, checks: own, several }) => {
    const rows = own.map((check) => [
      html`<code id="${anchor(check)}">${check.id}</code>`,
      check.title,
      ...(several ? [check.reason] : []),
      check.required ? 'required' : '',
    ]);
    const columns = ['Check', 'What it checks', ...(several ? ['Why'] : []), ''];
    return html`<details class="group">
      <summary>${glyph('not-run')} <b>${title}</b> <small>${plural(own.length, 'check')}</small></summary>
      ${table(
        `Not run: ${title}`,
        columns.map((column) => ({ title: column })),
        rows,
      )}
    </details>`;
  });
  return html`<section id="not-run">
    <h2>Not run <small>${total}</small></h2>
    <p class="lead">
      Nothing is known about these. They do not change the verdict, except that no run passes without its
      required checks.
    </p>
    ${parts}
  </section>`;
}
