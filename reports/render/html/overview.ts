import { reasonLine, runWord, tally, whyTitle } from '../../record/compose.ts';
import type { CheckResult, RunRecord } from '../../record/run-record.ts';
import { worst } from '../../record/verdict.ts';
import type { Verdict } from '../../record/verdict.ts';
import { CHECK_WORDS, caveats, duration, grouped, moment, plural, restoredText, subjectOf } from '../text.ts';
import { anchor, glyph } from './parts.ts';
import { html } from './template.ts';
import type { Html } from './template.ts';

/** The verdict as the headline, its fractions as a bar, and why it is not better. */
export function headline(record: RunRecord): Html {
  const word = runWord(record);
  // With its colon: the environment's name before it may contain the same word.
  const at = record.sentence.indexOf(`: ${word}`) + 2;
  const sentence =
    at < 2
      ? html`${record.sentence}`
      : html`${record.sentence.slice(0, at)}<strong class="v-${shown(record.verdict)}">${word}</strong
          >${record.sentence.slice(at + word.length)}`;
  return html`<header class="masthead v-${shown(record.verdict)}">
    <p class="brand">
      <span>Plumbline</span> ${record.environment.name}${profileText(record)} · ${moment(record.startedAt)}
    </p>
    <div class="verdict">
      ${glyph(shown(record.verdict))}
      <h1>${sentence}</h1>
    </div>
    ${fractions(record)}${reasons(record)}
  </header>`;
}

/** Says `selection` where only a part of the profile ran: that is no verdict on the profile. */
function profileText({ profile, scope }: RunRecord): string {
  if (scope === 'selection') return profile === null ? ' · selection' : ` · selection of profile ${profile}`;
  return profile === null ? '' : ` · profile ${profile}`;
}

const shown = (verdict: Verdict): Verdict => (verdict === 'not-run' ? 'inconclusive' : verdict);

function fractions(record: RunRecord): Html {
  const counts = tally(record.checks);
  const parts: [Verdict, number, string][] = [
    ['pass', counts.pass, 'passed'],
    ['fail', counts.fail, 'failed'],
    ['inconclusive', counts.inconclusive, 'inconclusive'],
    ['not-run', counts.notRun, 'not run'],
  ];
  const total = Math.max(1, record.checks.length);
  let x = 0;
  const bars = parts.map(([verdict, count]) => {
    const width = (count / total) * 1000;
    const bar = html`<rect
      class="bar-${verdict}"
      x="${x.toFixed(1)}"
      width="${Math.max(0, width - 3).toFixed(1)}"
      height="8"
    />`;
    x += width;
    return count > 0 && bar;
  });
  return html`<div class="fractions">
    <svg viewBox="0 0 1000 8" preserveAspectRatio="none" aria-hidden="true">${bars}</svg>
    <ul>
      ${parts.map(([verdict, count, text]) => html`<li class="${count === 0 ? 'zero' : ''}">${glyph(verdict)} <b>${count}</b> ${text}</li>`)}
    </ul>
  </div>`;
}

/** Reasons of checks in the headline. */
const MOST_REASONS = 8;

function reasons(record: RunRecord): Html | null {
  if (record.reasons.length === 0) return null;
  const linked = record.reasons.flatMap(({ check: id, text }) => {
    const check = record.checks.find((one) => one.id === id);
    return check === undefined ? [] : [html`<li><a href="#${anchor(check)}">${check.id}</a>: ${text}</li>`];
  });
  // Those of no check are nowhere below.
  const others = record.reasons.filter(({ check }) => !record.checks.some(({ id }) => id === check));
  const left = linked.length - MOST_REASONS;
  return html`<h2 class="why">${whyTitle(record)}</h2>
    <ul class="reasons">
      ${others.map((reason) => html`<li>${reasonLine(reason)}</li>`)}${linked.slice(0, MOST_REASONS)}${left > 0 && html`<li>and ${left} more below</li>`}
    </ul>`;
}

/** What limits the verdict, in sentences. */
export function caveatSection(record: RunRecord): Html | null {
  const said = caveats(record);
  if (said.length === 0) return null;
  return html`<section id="caveats">
    <h2>Before you rely on this verdict</h2>
    <ul class="caveats">
      ${said.map((sentence) => html`<li>${sentence}</li>`)}
    </ul>
  </section>`;
}

/** What changed since the baseline run, if the run has one. */
export function baselineSection(record: RunRecord): Html | null {
  if (record.baseline === undefined) return null;
  return html`<section id="baseline">
    <h2>Compared with the baseline <small>${record.baseline.id}</small></h2>
    <pre tabindex="0">${record.baseline.text}</pre>
  </section>`;
}

export function context(record: RunRecord): Html {
  const { environment, harness, apiCalls } = record;
  const elapsed = Date.parse(record.endedAt) - Date.parse(record.startedAt);
  const kinds = Object.entries(apiCalls.byKind).sort((a, b) => b[1] - a[1]);
  const facts: [string, Html | string | null][] = [
    [
      'Environment',
      `${environment.name} (${environment.kind}${environment.size ? `, size ${environment.size}` : ''})`,
    ],
    [
      'Cluster',
      [environment.clusterVersion, environment.nodes === null ? null : plural(environment.nodes, 'node')]
        .filter(Boolean)
        .join(', ') || 'not reached',
    ],
    ['Cluster UID', environment.clusterUid && html`<code>${environment.clusterUid}</code>`],
    ['Window', `${moment(record.startedAt)} – ${moment(record.endedAt)} (${duration(elapsed)})`],
    ['Interrupted', record.interrupted && `by ${record.interrupted}`],
    ['Afterwards', restoredText(record)],
    [
      'Harness',
      html`Plumbline
      ${harness.version}${harness.commit && html`, commit <code>${harness.commit.slice(0, 12)}</code>`}, Node
      ${harness.node}`,
    ],
    [
      'API calls of Plumbline',
      html`${grouped(apiCalls.total)}${
        kinds.length > 0 &&
        html`<details class="inline">
          <summary>by kind</summary>
          <ul>
            ${kinds.map(([kind, count]) => html`<li>${kind}: ${grouped(count)}</li>`)}
          </ul>
        </details>`
      }`,
    ],
    ['Settings', environment.file && html`<code>${environment.file}</code>`],
    ['Command', html`<code>${record.command}</code>`],
    ['Run', html`<code>${record.id}</code>, exit code ${record.exitCode}`],
  ];
  return html`<section id="context">
    <h2>Context</h2>
    <dl class="context">
      ${facts.map(
        ([name, value]) =>
          value &&
          html`<div>
            <dt>${name}</dt>
            <dd>${value}</dd>
          </div>`,
      )}
    </dl>
  </section>`;
}

/** Suites × subjects: one row a suite, one tile a subject, glyph and text in each. */
export function matrix(record: RunRecord): Html {
  const rows = [...Map.groupBy(record.checks, (check) => check.suite)].map(([suite, checks]) => {
    const counts = tally(checks);
    const sum =
      counts.ran === 0
        ? `${counts.notRun} not run`
        : `${counts.pass} of ${counts.ran}${counts.notRun > 0 ? `, ${counts.notRun} not run` : ''}`;
    const tiles = [...Map.groupBy(checks, subjectOf)].map(([subject, members]) => tile(subject, members));
    return html`<tr class="${counts.ran === 0 ? 'idle' : ''}">
      <th scope="row">${glyph(worst(checks.map((check) => check.verdict)))} ${suite}<small>${sum}</small></th>
      <td>
        <ul class="tiles">
          ${tiles}
        </ul>
      </td>
    </tr>`;
  });
  return html`<section id="matrix">
    <h2>Suites and subjects</h2>
    <table class="matrix">
      <caption class="sr">
        Suites and subjects
      </caption>
      <thead class="sr">
        <tr>
          <th scope="col">Suite</th>
          <th scope="col">Subjects</th>
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
  </section>`;
}

function tile(subject: string, members: readonly CheckResult[]): Html {
  const verdict = worst(members.map((check) => check.verdict));
  const first = members.find((check) => check.verdict === verdict) ?? members[0];
  const counts = tally(members);
  const texts: string[] = [];
  if (counts.fail > 0) texts.push(`${counts.fail} ${CHECK_WORDS.fail}`);
  if (counts.inconclusive > 0) texts.push(`${counts.inconclusive} ${CHECK_WORDS.inconclusive}`);
  if (counts.pass > 0) texts.push(`${counts.pass} ${CHECK_WORDS.pass}`);
  if (counts.notRun > 0) texts.push(`${counts.notRun} ${CHECK_WORDS['not-run']}`);
  const target = first === undefined ? '' : anchor(first);
  return html`<li>
    <a class="tile v-${verdict}" href="#${target}"
      >${glyph(verdict)}<span><b>${subject}</b><small>${texts.join(', ')}</small></span></a
    >
  </li>`;
}
