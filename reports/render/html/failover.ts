import type { CheckResult, FailoverRecord, Interval } from '../../record/run-record.ts';
import { streamText, summaryOf } from '../../record/trials.ts';
import { byVerdict } from '../../record/verdict.ts';
import { clipped, duration, grouped, oneLine, plural, secondsOf, withoutRto } from '../text.ts';
import type { Limits } from './limits.ts';
import { afterwardsPart, clientPart, costPart, remarksPart, uncountedPart } from './client.ts';
import { LONG_CHARS, badge, table } from './parts.ts';
import { miniStrip } from './charts/strip.ts';
import { sumsOf } from './sums.ts';
import { html } from './template.ts';
import type { Html } from './template.ts';
import { budget, scaleOf, timeline } from './charts/timeline.ts';

const MINI_WIDTH = 150;
/** Characters shown of a proof. */
const PROOF_CHARS = 4000;
/** Characters shown of why a fault did not land; the rest is in run.json. */
const MISSED_CHARS = 220;
/** Trials that did not count, listed with their reasons; the rest is in run.json. */
const LISTED_UNCOUNTED = 20;

/** Everything that a check's trials showed: the worst in full, the rest in a table. */
export function failoverParts(check: CheckResult, limits: Limits): Html {
  const ordered = [...check.trials].sort(byInterest);
  const drawn = ordered
    .filter((trial, index) => index === 0 || trial.verdict !== 'pass')
    .slice(0, limits.trialFigures);
  return html`<div class="failover">
    ${remarksPart(check.trials)}${drawn.map((trial, index) => trialPart(trial, check, index === 0))}${uncountedPart(check.trials, LISTED_UNCOUNTED)}${check.trials.length > 1 && trialTable(ordered, check, limits)}${clientPart(check.trials)}
  </div>`;
}

/** Worst first: fail, inconclusive, pass, not run; the slowest first within each. */
function byInterest(a: FailoverRecord, b: FailoverRecord): number {
  const slowness = (trial: FailoverRecord): number =>
    trial.rto === null ? Number.MAX_VALUE : trial.rto.hiMs;
  return byVerdict(a, b) || slowness(b) - slowness(a) || a.trial - b.trial;
}

function goalSecondsOf(check: CheckResult): number | null {
  const figure = check.figures.find((one) => /\brto\b/i.test(one.name) && typeof one.goal === 'number');
  if (figure === undefined) return null;
  return figure.unit === 'ms' ? Number(figure.goal) / 1000 : Number(figure.goal);
}

function trialPart(trial: FailoverRecord, check: CheckResult, first: boolean): Html {
  const goal = goalSecondsOf(check);
  const many = check.trials.length > 1;
  const which = many
    ? `Trial ${trial.trial}${first && trial.verdict === 'pass' ? ', the slowest' : ''}`
    : 'The trial';
  return html`<section class="trial">
    <h4>${which} ${many && badge(trial.verdict)}</h4>
    <p class="facts">${facts(trial)}</p>
    ${proofPart(trial)}
    ${goal !== null && budget(trial, goal, 'RTO against its goal')}${timeline(trial, goal)}${zeroNote(trial)}${trial.rtoNote && html`<p class="note">${trial.rtoNote}</p>`}
    <div class="columns">${sumsOf(trial)}${settings(trial)}</div>
    ${outages(trial)}${afterwardsPart(trial)}${costPart(trial)}
  </section>`;
}

function facts(trial: FailoverRecord): Html[] {
  const target = html`<span><b>Fault</b> ${trial.fault} on ${trial.target}</span>`;
  const landing = html`<span
    ><b>Landed</b>
    ${trial.landed.proved ? `proved: ${proofOf(trial).cause}` : `not proved: ${oneLine(trial.landed.by, MISSED_CHARS)}`}</span
  >`;
  const interval =
    trial.rto &&
    html`<span
      ><b>${trial.requests === undefined ? 'RTO' : 'Time with failures'}</b> between
      ${secondsOf(trial.rto.loMs)} and ${secondsOf(trial.rto.hiMs)}, from the outage’s own beginning to its
      end</span
    >`;
  const load = html`<span
    ><b>Load</b> ${grouped(Math.round(trial.writesPerSecond))}
    ${trial.requests === undefined ? 'writes' : 'requests'}/s; generator lag p99
    ${trial.generatorLagMs.p99.toFixed(1)} ms, at the edges ${trial.generatorLagMs.atEdges.toFixed(1)}
    ms</span
  >`;
  return [target, landing, leaders(trial), interval || html``, ...pathFacts(trial), load];
}

/** The RTO of reads and of each further way of clients, beside that of the main load. */
function pathFacts({ paths = [] }: FailoverRecord): Html[] {
  return paths.map(({ name, rto, rtoNote }) => {
    const length = rto === null ? 'not known' : `between ${secondsOf(rto.loMs)} and ${secondsOf(rto.hiMs)}`;
    return html`<span
      ><b>RTO ${streamText(name)}</b> ${length}${rtoNote !== undefined && html` (${rtoNote})`}</span
    >`;
  });
}

/** `landed.by` is `<cause>: <proof>` where the landing is proved. */
function proofOf({ landed }: FailoverRecord): { cause: string; proof: string } {
  const at = landed.by.indexOf(': ');
  return at < 0
    ? { cause: oneLine(landed.by), proof: '' }
    : { cause: oneLine(landed.by.slice(0, at)), proof: landed.by.slice(at + 2) };
}

/** The proof in full, closed: it may name every process. */
function proofPart(trial: FailoverRecord): Html | null {
  if (!trial.landed.proved) return null;
  const { proof } = proofOf(trial);
  if (proof === '') return null;
  return html`<details class="inner ${proof.length > LONG_CHARS ? 'unprinted' : ''}">
    <summary>How it was proved</summary>
    <p class="note">
      Times in ms are of the monotonic clock of the machine that Plumbline ran on (since its start), like
      those in the histories. A process is named by its id and, after the @, its start in clock ticks since
      its machine’s start.
    </p>
    <pre tabindex="0">${clipped(proof, PROOF_CHARS)}</pre>
  </details>`;
}

/** Nothing to say where nobody is elected, such as in a Deployment. */
function leaders(trial: FailoverRecord): Html {
  const { leaderBefore, leaderAfter, election } = trial;
  if (leaderBefore === null && leaderAfter === null && election === 'not applicable') return html``;
  return html`<span
    ><b>Leader</b> ${leaderBefore ?? 'unknown'} → ${leaderAfter ?? 'unknown'} (${electionText(trial)})</span
  >`;
}

function electionText(trial: FailoverRecord): string {
  const texts = {
    elsewhere: 'another leader was elected',
    'in place': 'recovered in place',
    'not seen': 'election not seen',
    'not applicable': 'no election possible',
  } as const;
  return texts[trial.election];
}

function settings(trial: FailoverRecord): Html | null {
  if (trial.governing.length === 0 && trial.expectedWindowMs === null) return null;
  const rows = trial.governing.map((one) => [
    html`<code>${breakable(one.name)}</code>`,
    html`<code>${one.value}</code>`,
    one.source,
  ]);
  const window = trial.expectedWindowMs;
  const measured =
    trial.rto === null ? withoutRto(trial) : `${secondsOf(trial.rto.loMs)} – ${secondsOf(trial.rto.hiMs)}`;
  const flag = {
    no: 'inside, so nothing contradicts the settings; so wide a range confirms little',
    faster: 'FASTER than expected',
    slower: 'SLOWER than expected',
    unknown: 'not compared',
  }[trial.outsideExpected];
  const comparison =
    window &&
    html`<p class="compare">
      <b>Possible with these settings</b> anything from ${secondsOf(window.loMs)} to
      ${secondsOf(window.hiMs)}; <b>measured</b> ${measured}:
      <b
        class="${trial.outsideExpected === 'no' || trial.outsideExpected === 'unknown' ? '' : 'v-inconclusive'}"
        >${flag}</b
      >${trial.expectedFrom !== undefined && html`<span class="from">${trial.expectedFrom}</span>`}
    </p>`;
  return html`<div>
    <h5>Configured, read live</h5>
    ${rows.length > 0 && table('Settings that govern failover', [{ title: 'Setting' }, { title: 'Value' }, { title: 'Read from' }], rows)}${comparison}
  </div>`;
}

/** A long name may be broken behind its dots: the table must fit beside the counts. */
function breakable(name: string): Html[] {
  return name.split(/(?<=\.)/).map((part, index) => (index === 0 ? html`${part}` : html`<wbr />${part}`));
}

function outages(trial: FailoverRecord): Html | null {
  if (trial.outages.length === 0) return null;
  const rows = trial.outages
    .slice(0, 20)
    .map((outage) => [
      secondsOf(outage.lastOkMs),
      outage.firstOkMs === null ? 'never' : secondsOf(outage.firstOkMs),
      `${secondsOf(outage.lengthMs.loMs)} – ${secondsOf(outage.lengthMs.hiMs)}`,
      grouped(outage.failed),
      grouped(outage.unknown),
    ]);
  const heads = [
    'Last ok answer before',
    'First ok answer after',
    'Length (lower – upper bound)',
    'Failed',
    'Unknown',
  ];
  return html`<h5>
      ${plural(trial.outages.length, 'interval')} without success, ${secondsOf(trial.outageTotalMs)} in all
      <small
        >answers: at which time, counted from the proof that the fault was in force (0); lengths: from the
        outage’s own beginning</small
      >
    </h5>
    ${table(
      'Outages',
      heads.map((title) => ({ title, numeric: true })),
      rows,
    )}`;
}

/** Several figures of one outage differ because they count from different moments. */
function zeroNote(trial: FailoverRecord): Html | null {
  const { landed, phases, rto } = trial;
  if (!landed.proved) return null;
  const errorMs = phases.find(({ name }) => name === 'landed')?.errorMs ?? 0;
  const earlier = errorMs > 0 ? ` It may have hit up to ${duration(errorMs)} earlier.` : '';
  const ok = phases.find(({ name, atMs }) => name === 'first ok write' && atMs !== null);
  const length =
    rto &&
    html` The ${trial.requests === undefined ? 'RTO' : 'time with failures'} is a length and not one of these
    times: it runs from the outage’s own beginning, which may lie before 0, to its end.`;
  return html`<p class="note">
    Times in the chart count from 0, the moment at which the fault was proved to be in
    force.${earlier}${ok && html` “first ok write” is when ${trial.requests === undefined ? 'writes' : 'requests'} began to succeed again: at some moment within its ±; the first ok answer comes at the end of that time.`}${length}
  </p>`;
}

function trialTable(ordered: readonly FailoverRecord[], check: CheckResult, limits: Limits): Html {
  const shown = ordered.slice(0, limits.trialRows);
  const longest = Math.max(...shown.map((trial) => scaleOf(trial).toMs));
  const scale = { fromMs: -2000, toMs: longest, left: 0, width: MINI_WIDTH };
  const explained = shown.some((trial) => trial.verdict !== 'pass');
  const paths = summaryOf(shown).paths.map(({ name }) => name);
  const rows = shown.map((trial) => [
    String(trial.trial),
    badge(trial.verdict),
    boundsOf(trial.rto),
    ...paths.map((name) => boundsOf(trial.paths?.find((path) => path.name === name)?.rto ?? null)),
    trial.writes === null ? '–' : grouped(trial.writes.lost),
    trial.writes === null ? '–' : grouped(trial.writes.duplicates),
    html`${electionShort(trial)}`,
    miniStrip(trial, scale),
    ...(explained ? [trial.verdict === 'pass' ? '' : trial.reason] : []),
  ]);
  const columns = [
    { title: 'Trial', numeric: true },
    { title: 'Verdict' },
    { title: 'RTO', numeric: true },
    ...paths.map((name) => ({ title: `RTO ${streamText(name)}`, numeric: true })),
    { title: 'Lost', numeric: true },
    { title: 'Dup.', numeric: true },
    { title: 'Leader' },
    { title: 'Outage' },
    ...(explained ? [{ title: 'Reason' }] : []),
  ];
  const left = ordered.length - shown.length;
  return html`<details class="inner">
    <summary>All ${plural(check.trials.length, 'trial')}, ${tallyText(ordered)}</summary>
    ${table('Trials', columns, rows)}${left > 0 && html`<p class="note">${left} more trials are in run.json.</p>`}
  </details>`;
}

const boundsOf = (rto: Interval | null): string =>
  rto === null ? '–' : `${secondsOf(rto.loMs)} – ${secondsOf(rto.hiMs)}`;

function electionShort(trial: FailoverRecord): string {
  if (trial.election === 'elsewhere') return `${trial.leaderBefore ?? '?'} → ${trial.leaderAfter ?? '?'}`;
  return trial.election;
}

function tallyText(trials: readonly FailoverRecord[]): string {
  const of = (election: FailoverRecord['election']): number =>
    trials.filter((trial) => trial.election === election).length;
  return `another leader in ${of('elsewhere')}, recovered in place in ${of('in place')}`;
}
