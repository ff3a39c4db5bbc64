import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import type { PressureLook } from '../reports/record/pressure.ts';
import { PressureWatch, processIn, stalledMs } from './pressure.ts';

describe('pressure of this machine', () => {
  it('should read what the kernel writes', () => {
    const text =
      'some avg10=1.50 avg60=0.00 avg300=0.00 total=2500\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=7\n';
    assert.equal(stalledMs(text), 2.5);
    assert.equal(stalledMs('full avg10=0.00 total=7\n'), null);
    assert.equal(stalledMs(''), null);
  });

  it('should read a process whatever its name holds', () => {
    const stat = '42 (a) R (b)) S 7 42 42 0 -1 4194560 1 2 3 4 10 20 30 40 20 0 1 0 5 6 7';
    assert.deepEqual(processIn(stat), { parent: 7, cpuMs: 1000 });
    assert.equal(processIn(''), null);
  });

  it('should look at once, and once more when it is closed, and then no more', (t) => {
    const looks: PressureLook[] = [];
    const watch = new PressureWatch('plumbline/none', 3_600_000).follow((one) => looks.push(one));
    if (looks.length === 0) {
      t.skip('this kernel has no PSI');
      return;
    }
    watch.close();
    watch.close();
    assert.equal(looks.length, 2);
    assert.ok((looks[1]?.t ?? 0) >= (looks[0]?.t ?? Infinity));
  });

  it('should look once for all who follow, and for nobody when the last has left', async (t) => {
    const [first, second]: [PressureLook[], PressureLook[]] = [[], []];
    const watch = new PressureWatch('plumbline/none', 1);
    const one = watch.follow((look) => first.push(look));
    if (first.length === 0) {
      t.skip('this kernel has no PSI');
      return;
    }
    const other = watch.follow((look) => second.push(look));
    assert.equal(second[0], first[1]);
    while (second.length < 3) await setTimeout(1);
    one.close();
    other.close();
    const seen = second.length;
    assert.equal(first.length, seen, 'the first began one look earlier, and ended one earlier');
    await setTimeout(5);
    assert.equal(second.length, seen);
  });

  it('should say how long this process was held up', async (t) => {
    const looks: PressureLook[] = [];
    const watch = new PressureWatch('plumbline/none', 3_600_000).follow((look) => looks.push(look));
    if (looks.length === 0) {
      t.skip('this kernel has no PSI');
      return;
    }
    await setTimeout(20);
    const until = performance.now() + 60;
    while (performance.now() < until);
    await setTimeout(20);
    watch.close();
    const lateMs = looks.at(-1)?.lateMs ?? 0;
    assert.ok(lateMs > 40, `${lateMs} ms`);
  });

  it('should end, and no more, where a look cannot be kept', () => {
    let tried = 0;
    const watch = new PressureWatch('plumbline/none', 3_600_000).follow(() => {
      tried += 1;
      throw new Error('the disk is full');
    });
    watch.close();
    assert.ok(tried <= 1);
  });
});
