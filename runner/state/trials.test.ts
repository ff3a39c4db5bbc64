import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { PressureWatch } from '../../probes/pressure.ts';
import { PRESSURE_FILE, pressureLookSchema, pressureOf } from '../../reports/record/pressure.ts';
import type { PressureLook } from '../../reports/record/pressure.ts';
import { readHistory } from '../../reports/record/history/read-history.ts';
import { openTrial, recordPressure } from './trials.ts';

const folder = mkdtempSync(join(tmpdir(), 'plumbline-trials-'));
after(() => rmSync(folder, { recursive: true }));

describe('pressure beside a trial', () => {
  it('should be there from its begin and its end', async (t) => {
    if (!existsSync('/proc/pressure/cpu')) {
      t.skip('this kernel has no PSI');
      return;
    }
    await recordPressure(folder, new PressureWatch('plumbline/none')).close();
    const lines = readFileSync(join(folder, PRESSURE_FILE), 'utf8').trimEnd().split('\n');
    assert.equal(lines.length, 2);
    for (const line of lines) pressureLookSchema.parse(JSON.parse(line));
  });

  it('should begin with what was seen before a trial that lasts for a moment', async () => {
    const cores = { count: 2, busyMs: 10_000, oursMs: 9_000 };
    const at = (t: number): PressureLook => {
      const waited = { cpuMs: null, memoryMs: null, ioMs: null };
      return { kind: 'pressure', t, ...waited, cores: { ...cores, busyMs: 10_000 + t / 10 }, lateMs: 300 };
    };
    const follow = (take: (look: PressureLook) => void) => {
      take(at(10_050));
      return { close: () => take({ ...at(10_100), cores: { ...cores, busyMs: 11_060 }, lateMs: 2 }) };
    };
    const made = join(folder, 'moment');
    mkdirSync(made);
    await recordPressure(made, { follow }, [at(0)]).close();
    const lines = readFileSync(join(made, PRESSURE_FILE), 'utf8').trimEnd().split('\n');
    const looks = lines.map((line) => pressureLookSchema.parse(JSON.parse(line)));
    assert.deepEqual(
      looks.map(({ lateMs }) => lateMs),
      [undefined, 300, 2],
    );
    assert.equal(pressureOf(looks)?.others?.mean.toFixed(3), '0.052');
  });

  it('should end no trial where it cannot be written', async () => {
    await recordPressure(join(folder, 'none', 'such'), new PressureWatch('plumbline/none')).close();
    assert.equal(existsSync(join(folder, 'none')), false);
  });
});

it('should be of the run that is named, whatever the folder is called', async () => {
  const of = { check: 'topology/nodes/pools', environment: 'local', goals: {}, settings: {} };
  const runOf = async (trial: number, run?: string) => {
    const at = await openTrial(join(folder, 'r1', 'histories'), trial, {
      ...of,
      ...(run !== undefined && { run }),
    });
    return (await readHistory(at)).header.run;
  };
  assert.equal(await runOf(1, 'r2'), 'r2');
  assert.equal(await runOf(2), undefined);
});
