import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempFolder } from '../../host/_testing/temp-folder.ts';
import { differencesOf, fingerprintOf, isInCheckout } from './fingerprint.ts';

const checkout = mkdtempSync(join(tmpdir(), 'plumbline-checkout-'));
process.on('exit', () => rmSync(checkout, { recursive: true, force: true }));
const file = join(checkout, 'env.yaml');
writeFileSync(file, 'name: a\n');
const commitOf = () => fingerprintOf([file], checkout).commit;

const gitIn = (cwd: string, ...args: string[]) =>
  execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], { cwd });

test('should tell sources apart outside git', () => {
  const before = commitOf();
  assert.match(before, /^sources-[0-9a-f]{40}$/);
  mkdirSync(join(checkout, 'node_modules'));
  writeFileSync(join(checkout, 'node_modules', 'x.js'), '');
  assert.equal(commitOf(), before, 'what npm installs is not the harness');
  writeFileSync(join(checkout, 'added.ts'), '');
  assert.notEqual(commitOf(), before);
  rmSync(join(checkout, 'added.ts'));
});

test('should be the commit, and more than that when files differ from it', () => {
  const git = (...args: string[]) => gitIn(checkout, ...args);
  writeFileSync(join(checkout, '.gitignore'), 'node_modules\nruns\n');
  git('init', '-q');
  git('add', '-A');
  git('commit', '-qm', 'first');
  const clean = commitOf();
  assert.match(clean, /^[0-9a-f]{40}$/);
  mkdirSync(join(checkout, 'runs'));
  writeFileSync(join(checkout, 'runs', 'run.json'), '{}');
  assert.equal(commitOf(), clean, 'what is ignored does not count');
  writeFileSync(join(checkout, 'new.ts'), 'export {};\n');
  const added = commitOf();
  assert.ok(added.startsWith(`${clean}+`));
  writeFileSync(file, 'name: b\n');
  assert.notEqual(commitOf(), added);
  symlinkSync(tmpdir(), join(checkout, 'link'));
  assert.ok(commitOf().startsWith(`${clean}+`), 'a link to a folder is a file to git');
  rmSync(join(checkout, 'link'));
  rmSync(join(checkout, 'new.ts'));
  git('checkout', '-q', '--', 'env.yaml');
  assert.equal(commitOf(), clean);
});

test('should be the same before and after a series that lies in the checkout', (context) => {
  const outside = tempFolder(context);
  for (const isGit of [false, true]) {
    const own = join(outside, String(isGit));
    mkdirSync(own);
    writeFileSync(join(own, 'main.ts'), '');
    if (isGit) gitIn(own, 'init', '-q');
    if (isGit) gitIn(own, 'add', '-A');
    if (isGit) gitIn(own, 'commit', '-qm', 'first');
    const commit = () => fingerprintOf([file], own).commit;
    const before = commit();
    const histories = join(own, 'drills', 'r1', 'histories');
    mkdirSync(histories, { recursive: true });
    writeFileSync(join(histories, 'run.ndjson'), '');
    writeFileSync(join(own, 'drills', 'r1', 'run.json'), '{}');
    symlinkSync('r1', join(own, 'drills', 'latest'));
    assert.equal(commit(), before, isGit ? 'in git' : 'outside git');
    writeFileSync(join(own, 'drills', 'added.ts'), '');
    assert.notEqual(commit(), before, 'what is beside a run is no run');
  }
});

test('should say which of the three differs, and leave out what is not known yet', () => {
  const before = { commit: 'c1', environmentSha256: 'e1', clusterUid: 'u1' };
  assert.deepEqual(differencesOf(before, { ...before, clusterUid: null }), []);
  const all = differencesOf(before, { commit: 'c2', environmentSha256: 'e2', clusterUid: 'u2' });
  assert.match(all.join('\n'), /commit.*c1.*c2\nenvironment file.*e1.*e2\ncluster.*u1.*u2/);
});

test('should know a folder in the checkout', () => {
  assert.equal(isInCheckout(join(checkout, 'runs'), checkout), true);
  assert.equal(isInCheckout(tmpdir(), checkout), false);
});
