import { wallOf } from '../../reports/judge/telemetry/clocks.ts';
import { all, changed, headed, seen, TaleError } from './tale.ts';
import type { Tale } from './tale.ts';
import type { Seen } from '../../reports/record/observations/index.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** The machine was busy with the work of others for this share of its time. */
const busy =
  (mean: number): Tale['bend'] =>
  (history) => ({
    ...history,
    pressure: { cpu: null, memory: null, io: null, others: { mean, most: mean }, spanMs: 30_000 },
  });

/** One request of all was not answered in time. */
const oneLost = changed('reach-pair', ({ asked }, index) =>
  index === 7 ? { lost: 1, asked, detail: 'no answer' } : {},
);
const VERSIONS = 'topology/cluster/versions';
const REACH = 'topology/network/reachability';

/** A declared name outside of the cluster, and what each node got for it. */
const outside = (of: (from: string) => Partial<Seen<'reach-outside'>>): Tale['bend'] =>
  all(
    headed(({ settings }) => {
      if (settings.network === undefined) throw new TaleError('no network is declared');
      return { settings: { ...settings, network: { ...settings.network, outsideNames: ['llm.example'] } } };
    }),
    (history) =>
      seen(
        ...['control-1', 'control-2', 'control-3', 'gpu-1', 'worker-1', 'worker-2', 'worker-3'].map(
          (from) =>
            ({
              kind: 'reach-outside',
              t: 0,
              from,
              name: 'llm.example',
              ok: true,
              asked: 10,
              lost: 0,
              detail: '',
              ...of(from),
            }) as const,
        ),
      )(history),
  );

/** What is sent behind the certificate of this subject, valid for so many days from the handshake. */
const sent =
  (of: string, days: number): Tale['bend'] =>
  (history) =>
    changed('certificate', ({ subject, t }) => {
      const validTo = new Date(wallOf(history, t) + days * DAY_MS).toISOString();
      return subject.startsWith(of) ? { chain: [{ issuedTo: 'an authority', validTo }] } : {};
    })(history);

export const TALES: readonly Tale[] = [
  {
    number: 72,
    check: REACH,
    says: 'one request of all has no answer in time, on a machine that others use to 95 %',
    must: 'inconclusive',
    rule: 'pairs',
    bend: all(oneLost, busy(0.95)),
  },
  {
    check: REACH,
    says: 'one request of all has no answer in time, on a machine with nothing else to do',
    must: 'fail',
    rule: 'pairs',
    bend: all(oneLost, busy(0)),
  },
  {
    check: REACH,
    says: 'one node is never reached, on a machine that others use to 95 %',
    must: 'fail',
    rule: 'pairs',
    bend: all(
      changed('reach-pair', ({ to, asked }) =>
        to === 'worker-2' ? { ok: false, lost: asked, detail: 'no answer' } : {},
      ),
      busy(0.95),
    ),
  },
  {
    check: REACH,
    says: 'the DNS misses one answer, on a machine that others use to 95 %',
    must: 'inconclusive',
    bend: all(
      changed('reach-dns', (_, index) => (index === 0 ? { lost: 1, detail: 'no answer' } : {})),
      busy(0.95),
    ),
  },
  {
    number: 40,
    check: REACH,
    says: 'pods were asked for a page of 10 bytes, and packets above 1,400 bytes are dropped',
    must: ['fail', 'inconclusive'],
    rule: 'pages',
    bend: changed('reach-pair', () => ({ bytes: 10 })),
  },
  {
    check: REACH,
    says: 'the Service was asked for a page that fits into one packet',
    must: ['fail', 'inconclusive'],
    rule: 'pages',
    bend: changed('reach-service', () => ({ bytes: 1380 })),
  },
  {
    check: REACH,
    says: 'large pages from one node do not arrive',
    must: 'fail',
    rule: 'pairs',
    bend: changed('reach-pair', ({ to }) =>
      to === 'worker-1' ? { ok: false, asked: 0, lost: 0, detail: 'no answer' } : {},
    ),
  },
  {
    check: REACH,
    says: 'pages are larger than was asked for',
    must: 'pass',
    bend: changed('reach-pair', () => ({ bytes: 65_536 })),
  },
  {
    check: VERSIONS,
    says: 'the authority that the edge sends with its certificate ends in five days',
    must: 'fail',
    rule: 'certificates',
    bend: sent('edge', 5),
  },
  {
    check: VERSIONS,
    says: 'what kubelets send behind their certificates ended yesterday, and nobody verified the chain',
    must: 'fail',
    rule: 'certificates',
    bend: sent('kubelet', -1),
  },
  {
    check: VERSIONS,
    says: 'the intermediate authority of the API servers ends before the next release',
    must: 'fail',
    rule: 'certificates',
    bend: sent('API server', 20),
  },
  {
    check: VERSIONS,
    says: 'the edge sends an authority of many years behind its certificate',
    must: 'pass',
    bend: sent('edge', 4000),
  },
  {
    check: VERSIONS,
    says: 'the edge still sends an old root that clients go around',
    must: 'pass',
    bend: sent('edge', -400),
  },
  {
    check: VERSIONS,
    says: 'nothing is sent behind any certificate',
    must: 'pass',
    bend: changed('certificate', () => ({ chain: [] })),
  },
  {
    check: REACH,
    says: 'one node answers single requests, and drops three of ten at once',
    must: 'fail',
    rule: 'bursts',
    bend: changed('reach-burst', ({ to }) => (to === 'worker-1' ? { lost: 3, detail: 'no answer' } : {})),
  },
  {
    check: REACH,
    says: 'no node answers when it is asked for ten pages at once',
    must: 'fail',
    rule: 'bursts',
    bend: changed('reach-burst', ({ asked }) => ({ lost: asked, detail: 'no answer' })),
  },
  {
    check: REACH,
    says: 'a burst from one node was not sent',
    must: 'inconclusive',
    rule: 'bursts',
    bend: changed('reach-burst', ({ from }) => (from === 'gpu-1' ? null : {})),
  },
  {
    check: REACH,
    says: 'one of all requests at once has no answer in time, on a machine that others use to 95 %',
    must: 'inconclusive',
    rule: 'bursts',
    bend: all(
      changed('reach-burst', (_, index) => (index === 3 ? { lost: 1, detail: 'no answer' } : {})),
      busy(0.95),
    ),
  },
  {
    check: REACH,
    says: 'the name of the model, outside of the cluster, resolves nowhere',
    must: 'fail',
    rule: 'outside',
    bend: outside(() => ({ ok: false, asked: 0, detail: "can't find llm.example: NXDOMAIN" })),
  },
  {
    check: REACH,
    says: 'the name of the model resolves on all nodes but one',
    must: 'fail',
    rule: 'outside',
    bend: outside((from) => (from === 'worker-2' ? { ok: false, asked: 0, detail: 'no answer' } : {})),
  },
  {
    check: REACH,
    says: 'every other look-up of the name of the model is lost',
    must: 'fail',
    rule: 'outside',
    bend: outside(() => ({ asked: 4, lost: 2, detail: 'no answer' })),
  },
  {
    check: REACH,
    says: 'the name of the model resolves everywhere',
    must: 'pass',
    bend: outside(() => ({})),
  },
];
