import type { CheckJudge } from '../../../reports/judge/definition.ts';
import { need } from '../../../reports/judge/evidence/need.ts';
import { all, first } from '../../../reports/judge/observed.ts';
import { declaredOf } from '../_judge/observed.ts';
import { Findings } from '../../../reports/judge/topology/findings.ts';
import type { History } from '../../../reports/record/history/history.ts';
import type { Judgement } from '../../../reports/record/judgement.ts';
import type { Seen } from '../../../reports/record/observations/index.ts';

/** telemetry/dashboards: servers healthy, data sources answer, every declared dashboard shows its panels, with data. */
function judgeDashboards(history: History): Judgement {
  const findings = new Findings(history);
  findings.rule('servers');
  for (const { server, ok, detail } of all(history, 'dashboard-server'))
    findings.expect(server, ok, 'healthy', detail);
  const sources = all(history, 'data-source');
  findings.rule('sources');
  if (first(history, 'data-sources') !== undefined) sourcesRule(findings, sources);
  const { declared = [], stubbed } = declaredOf(history.header).dashboards ?? {};
  for (const one of declared) dashboard(history, findings.rule('rendered'), one);
  if (stubbed === true) findings.note('Grafana is a stand-in (stubbed)');
  return findings.conclude(
    'healthy, data sources answer, dashboards render with data and without an error panel',
  );
}

/** A source that cannot be asked is said, and is not a broken one; if none could be asked, nothing is known of any. */
function sourcesRule(findings: Findings, sources: readonly Seen<'data-source'>[]): void {
  const mute = sources.filter(({ ok }) => ok === null);
  for (const { source, ok, detail } of sources)
    if (ok !== null) findings.expect(`data source ${source}`, ok, 'answers', detail);
  if (mute.length < sources.length) {
    for (const { source, detail } of mute) findings.note(`data source ${source} was not judged: ${detail}`);
    return;
  }
  const [one] = mute;
  const why =
    one === undefined
      ? 'Grafana shows this account none: maybe another organisation has them'
      : `none of ${mute.length} could be asked: ${one.source}: ${one.detail}`;
  findings.unknown('data sources', 'one at least that answers', why);
}

function dashboard(
  history: History,
  findings: Findings,
  { uid, title }: { uid: string; title: string },
): void {
  const subject = `dashboard ${title} (${uid})`;
  const known = all(history, 'dashboard').find((one) => one.uid === uid);
  if (known === undefined) {
    findings.unknown(subject, 'looked up', 'not looked up');
    return;
  }
  if (!known.found || known.panels <= 0) {
    findings.expect(subject, false, 'there, with panels', known.found ? 'no panel' : 'not there');
    return;
  }
  const shown = all(history, 'rendered').find((one) => one.uid === uid);
  const broken = all(history, 'not-rendered').find((one) => one.uid === uid);
  const expected = 'panels in a browser, none with an error';
  if (shown !== undefined) rendered(history, findings, { subject, expected, shown, panels: known.panels });
  else if (broken !== undefined) findings.expect(subject, false, expected, broken.reason);
  else findings.unknown(subject, expected, 'no browser has shown it');
}

function rendered(
  history: History,
  findings: Findings,
  of: { subject: string; expected: string; shown: Seen<'rendered'>; panels: number },
): void {
  const { subject, expected, shown } = of;
  const { panels, errors, status } = shown;
  const said = `${panels} panels, ${errors} with an error (status ${status})`;
  if (errors > 0) findings.expect(subject, false, expected, said);
  // What hides panels, all of them too, is not known: a slow machine, a window that is too small, an account.
  else if (panels < of.panels) findings.unknown(subject, `its ${of.panels} panels in a browser`, said);
  else if (status < 200 || status > 299) findings.unknown(subject, expected, said);
  else {
    findings.expect(subject, true, expected, said);
    dataFinding(history, findings.rule('data'), { subject, data: shown.data });
  }
}

type Answer = Seen<'rendered'>['data'][number];

/** A panel may be empty by nature, as one of errors, where Prometheus finds nothing either, of series that are there. */
function dataFinding(
  history: History,
  findings: Findings,
  { subject, data }: { subject: string; data: readonly Answer[] },
): void {
  const goal = findings.goal('emptyPanelsRatio');
  const named = data.filter(({ panel }) => panel !== null);
  // Grafana names no panel where a query is of an annotation or a variable; where it never names one, each query stands for a panel.
  const panels = [...Map.groupBy(named.length > 0 ? named : data, (one) => one.panel ?? one).values()];
  const shown = all(history, 'empty-query').filter(({ results, lost }) => results === 0 && lost.length === 0);
  const isNothing = (query: string): boolean => shown.some((one) => one.query === query);
  const states = panels.map((answers) => stateOf(answers, isNothing));
  const count = (of: (typeof states)[number]): number => states.filter((one) => one === of).length;
  const [empty, open, good] = [count('empty'), count('open'), count('nothing')];
  const expected = 'data in its panels';
  const said = `${panels.length - count('full')} of ${panels.length} panels that ask a data source are without data (${good} of series that are there, ${open} of which that is not known)`;
  if (panels.length === 0) findings.unknown(subject, expected, 'no answer to a query of a panel was seen');
  else if (empty > 0 && empty + good === panels.length) findings.expect(subject, false, expected, said);
  else if (empty + open > goal * panels.length) findings.unknown(subject, expected, said);
  else {
    findings.expect(subject, true, expected, said);
    if (count('full') < panels.length) findings.note(`${subject}: ${said}`);
  }
}

/** Of a panel by its answers. `nothing`: it has none to show. `open`: some could not be read, or were not asked in PromQL, which nobody can ask again. */
function stateOf(
  answers: readonly Answer[],
  isNothing: (query: string) => boolean,
): 'full' | 'empty' | 'open' | 'nothing' {
  if (answers.some(({ points }) => (points ?? 0) > 0)) return 'full';
  if (answers.some(({ points, asks }) => points === null || asks?.length === 0)) return 'open';
  return answers.every(({ asks }) => asks?.every(isNothing)) ? 'nothing' : 'empty';
}

export const judge: CheckJudge = {
  judge: judgeDashboards,
  evidence: (header) => {
    const { dashboards } = declaredOf(header);
    const servers = dashboards === undefined ? [] : ['Grafana'];
    if (dashboards?.kibana !== undefined) servers.push('Kibana');
    return [
      need('dashboard-server', { subjects: servers, of: ({ server }) => server }),
      need('data-sources', { what: 'the list of data sources' }),
    ];
  },
};
