import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { judge } from '../../../_testing/histories.ts';
import type { Seen } from '../../../_testing/histories.ts';

describe('scaling/pods/startup', () => {
  const startup = (count: number, tookMs: (index: number) => number, more: Record<string, unknown> = {}) =>
    judge({
      check: 'scaling/pods/startup',
      goals: { p99Seconds: 5 },
      settings: { startup: { pods: count } },
      seen: Array.from({ length: count }, (_, i): Seen => [
        'pod-started',
        {
          t: 1000 + tookMs(i),
          pod: `start-${i}`,
          createdMs: 1000,
          readyMs: 1000 + tookMs(i),
          node: 'worker-1',
          imagePresent: true,
          initContainers: 0,
          ...more,
        },
      ]),
    });

  it('should claim a p99 from 299 starts on, and a p95 from 59 on', () => {
    const many = startup(299, (i) => 1000 + i);
    assert.equal(many.verdict, 'pass');
    assert.match(many.reason, /^p99 of 299 starts at most 1\.30 s/);
    const some = startup(59, (i) => 1000 + i);
    assert.equal(some.verdict, 'pass');
    assert.match(some.reason, /^p95 of 59 starts .*; a p99 is claimed from 299 starts on/);
    assert.match(
      String(some.figures.find(({ name }) => name.endsWith('p99'))?.value),
      /299 starts are needed/,
    );
  });

  it('should rest on no start whose times cannot be, or that was begun out of its turn', () => {
    const odd = startup(299, () => 1000, { createdMs: 5_000_000 });
    assert.equal(odd.verdict, 'inconclusive');
    assert.match(odd.reason, /the recorded times of start-0 contradict each other/);
    const inTurn = (turnOf: (index: number) => number): string =>
      judge({
        check: 'scaling/pods/startup',
        goals: { p99Seconds: 5 },
        settings: { startup: { pods: 60 } },
        seen: Array.from({ length: 60 }, (_, i): Seen => {
          const createdMs = 1000 + turnOf(i) * 1000;
          const times = { t: createdMs + 900, createdMs, readyMs: createdMs + 900 };
          return [
            'pod-started',
            { ...times, pod: `start-${i}`, node: 'worker-1', imagePresent: true, initContainers: 0 },
          ];
        }),
      }).reason;
    assert.match(
      inTurn((i) => Math.floor(i / 2)),
      /^p95 of 60 starts/,
    );
    assert.match(
      inTurn((i) => (i === 26 ? 14 : i === 28 ? 13 : Math.floor(i / 2))),
      /before a pod with a lower number/,
    );
    assert.match(
      inTurn((i) => (i === 26 ? 13.001 : Math.floor(i / 2))),
      /start-27 was created before a pod with a lower number/,
    );
  });

  it('should want the image to be on a node for all of its starts, or for none', () => {
    const reasonOf = (of: (index: number) => Record<string, unknown>): string =>
      judge({
        check: 'scaling/pods/startup',
        goals: { p99Seconds: 5 },
        settings: { startup: { pods: 80 } },
        seen: Array.from({ length: 80 }, (_, i): Seen => {
          const times = { t: 1000 + i, createdMs: i, readyMs: 1000 + i };
          return [
            'pod-started',
            { ...times, pod: `start-${i}`, node: 'a', imagePresent: true, initContainers: 0, ...of(i) },
          ];
        }),
      }).reason;
    assert.match(
      reasonOf((i) => ({ imagePresent: i !== 7 })),
      /the image was on a for only some of the starts there/,
    );
    // A node that joined later has the image for none of its starts.
    assert.match(
      reasonOf((i) => (i < 10 ? { node: 'b', imagePresent: false } : {})),
      /^p95 of 70 starts at most/,
    );
  });

  it('should be open with fewer, and fail with any number that is slow enough', () => {
    const few = startup(20, () => 1000);
    assert.equal(few.verdict, 'inconclusive');
    assert.match(few.reason, /need 59 and 299/);
    assert.equal(startup(20, (i) => (i < 3 ? 9000 : 1000)).verdict, 'fail');
    assert.equal(startup(300, () => 5200).verdict, 'fail');
    assert.equal(startup(100, (i) => (i < 4 ? 6000 : 1000)).verdict, 'fail');
  });

  it('should not count starts that pulled an image or ran init containers', () => {
    const pulled = startup(300, () => 1000, { imagePresent: false });
    assert.equal(pulled.verdict, 'inconclusive');
    assert.match(pulled.findings[0]?.seen ?? '', /the image was pulled first/);
    assert.match(startup(5, () => 1000, { initContainers: 1 }).findings[0]?.seen ?? '', /init containers/);
  });

  it('should count a pod that was never ready as a start that took longer than any goal', () => {
    const seen = (never: number): Seen[] => [
      ...Array.from({ length: 60 - never }, (_, i): Seen => [
        'pod-started',
        {
          t: 1000,
          pod: `start-${i}`,
          createdMs: 0,
          readyMs: 1000,
          node: 'worker-1',
          imagePresent: true,
          initContainers: 0,
        },
      ]),
      ...Array.from({ length: never }, (_, i): Seen => [
        'pod-not-started',
        { pod: `start-${60 - never + i}`, createdMs: 0, reason: 'waited' },
      ]),
    ];
    const startup = (never: number) =>
      judge({
        check: 'scaling/pods/startup',
        goals: { p99Seconds: 5 },
        settings: { startup: { pods: 60 } },
        seen: seen(never),
      });
    assert.equal(startup(0).verdict, 'pass');
    const one = startup(1);
    assert.equal(one.verdict, 'inconclusive');
    assert.equal(one.findings[0]?.seen, 'not ready: waited');
    const many = startup(4);
    assert.equal(many.verdict, 'fail');
    assert.match(many.reason, /^p99 of 60 starts is above any time \(never ready\)/);
  });

  it('should know which starts were planned, and miss those that were not told of', () => {
    const of = (settings: Record<string, unknown>, names: string[]) =>
      judge({
        check: 'scaling/pods/startup',
        goals: { p99Seconds: 5 },
        settings,
        seen: names.map((pod): Seen => [
          'pod-started',
          { t: 1000, pod, createdMs: 0, readyMs: 1000, node: 'a', imagePresent: true, initContainers: 0 },
        ]),
      });
    const names = Array.from({ length: 60 }, (_, i) => `start-${i}`);
    assert.equal(of({ startup: { pods: 60 } }, names).verdict, 'pass');
    assert.match(of({ startup: { pods: 60 } }, names.slice(0, 59)).reason, /start-59 among them/);
    assert.match(
      of({ startup: { pods: 60 } }, [...names, 'start-0']).reason,
      /61 starts were recorded, 60 were planned/,
    );
    assert.match(of({}, names).reason, /does not say how many/);
  });
});
