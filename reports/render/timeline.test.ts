import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FailoverRecord } from '../record/run-record.ts';
import { READS } from '../record/trials.ts';
import { fixtureTrial } from './_testing/fixture-trial.ts';
import { place } from './html/charts/strip.ts';
import { scaleOf, timeline } from './html/charts/timeline.ts';

const plain = fixtureTrial({ rtoMs: 8700 });
const drawn = (paths: FailoverRecord['paths']) => {
  const trial = { ...plain, ...(paths !== undefined && { paths }) };
  const svg = timeline(trial).text;
  const bars = [...svg.matchAll(/<rect class="s-bad" x="([\d.]+)" y="[\d.]+" width="([\d.]+)"/g)];
  return {
    scale: scaleOf(trial),
    height: Number(/viewBox="0 0 960 (\d+)"/.exec(svg)?.[1]),
    bars: bars.map(([, x, width]) => [Number(x), Number(x) + Number(width)].map(Math.round)),
    text: svg.replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' '),
  };
};

describe('the timeline of a trial', () => {
  const reads = {
    name: READS,
    rto: { loMs: 109_990, hiMs: 110_010 },
    outages: 2,
    away: [
      { fromMs: -4, toMs: 110_006 },
      { fromMs: 116_000, toMs: 117_000 },
    ],
  };

  it('should show when reads were out, though writes were back much sooner', () => {
    const { bars, scale, text } = drawn([reads]);
    const ends = reads.away.map(({ fromMs, toMs }) =>
      [fromMs, toMs].map((ms) => Math.round(place(scale, ms))),
    );
    assert.deepEqual(bars, ends);
    assert.ok(scale.toMs > 117_000, `the axis ends at ${scale.toMs} ms`);
    assert.match(text, / reads out 110\.010 s /);
    assert.match(text, /RTO 8\.700 s, RTO of reads 110\.010 s/);
  });

  it('should have a row for each further path, to the end of the axis where it never came back', () => {
    const open = { name: 'direct', rto: null, outages: 1, away: [{ fromMs: 2000, toMs: null }] };
    const whole = { name: 'pooled', rto: { loMs: 0, hiMs: 12 }, outages: 0, away: [] };
    const { bars, scale, height, text } = drawn([open, whole]);
    assert.deepEqual(bars, [[Math.round(place(scale, 2000)), scale.left + scale.width]]);
    assert.match(text, / direct out never again .*pooled out 0\.012 s /);
    assert.equal(height, drawn(undefined).height + 2 * 24);
  });

  it('should have no row for a path of which nothing was recorded', () => {
    const missing = { name: 'direct', rto: null, rtoNote: 'not recorded', outages: null };
    assert.deepEqual(drawn([missing]), drawn(undefined));
  });
});
