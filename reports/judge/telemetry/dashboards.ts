import type { History } from '../../record/history.ts';
import type { Judgement } from '../../record/judgement.ts';
import { Findings, number, seen, text } from '../topology/findings.ts';
import { declaredOf } from './observed.ts';

/** telemetry/dashboards: servers healthy, data sources answer, every declared dashboard shows its panels. */
export function judgeDashboards(history: History): Judgement {
  const findings = new Findings(history);
  for (const one of seen(history, 'health'))
    findings.expect(text(one, 'name'), one['ok'] === true, 'healthy', text(one, 'detail'));
  for (const one of seen(history, 'data-source'))
    findings.expect(`data source ${text(one, 'name')}`, one['ok'] === true, 'answers', text(one, 'detail'));
  const { declared = [], stubbed } = declaredOf(history).dashboards ?? {};
  for (const { uid, title } of declared) dashboard(history, findings, { uid, title });
  if (stubbed === true) findings.note('Grafana is a stand-in (stubbed)');
  return findings.conclude('healthy, data sources answer, dashboards render without an error panel');
}

function dashboard(
  history: History,
  findings: Findings,
  { uid, title }: { uid: string; title: string },
): void {
  const subject = `dashboard ${title} (${uid})`;
  const of = (kind: string) => seen(history, kind).find((one) => text(one, 'uid') === uid);
  const known = of('dashboard');
  if (known === undefined) {
    findings.unknown(subject, 'there', 'not asked');
    return;
  }
  if (known['found'] !== true || number(known, 'panels') === 0) {
    findings.expect(subject, false, 'there, with panels', known['found'] === true ? 'no panel' : 'not there');
    return;
  }
  const [shown, broken] = [of('rendered'), of('not-rendered')];
  const expected = 'panels in a browser, none with an error';
  if (shown !== undefined) {
    const [panels, errors] = [number(shown, 'panels'), number(shown, 'errors')];
    findings.expect(
      subject,
      panels > 0 && errors === 0,
      expected,
      `${panels} panels, ${errors} with an error (status ${number(shown, 'status')})`,
    );
  } else if (broken !== undefined) findings.expect(subject, false, expected, text(broken, 'reason'));
  else findings.unknown(subject, expected, 'no browser showed it');
}
