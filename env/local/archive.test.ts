import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { CommandError } from '../../host/errors.ts';
import { packArchive, unpackArchive } from './archive.ts';
import { run } from '../../host/run.ts';
import { GROUPS, programOf } from './toolchain/groups.ts';
import { toolsFor } from './platform/index.ts';
import { linkNames, toolchainKey, toolsBuilt, toolsDir } from './toolchain/index.ts';

/** A Go version that no machine has, as if the programs had been compiled elsewhere. */
const GO = 'go1.0.0';
const KEY = toolchainKey(GO);
const kept = process.env['PLUMBLINE_CACHE'];
let root = '';
let serial = 0;

before(() => {
  root = mkdtempSync(join(tmpdir(), 'plumbline-archive-'));
});
after(() => {
  rmSync(root, { recursive: true });
  if (kept === undefined) delete process.env['PLUMBLINE_CACHE'];
  else process.env['PLUMBLINE_CACHE'] = kept;
});

function cache(): string {
  const folder = join(root, `cache-${++serial}`);
  process.env['PLUMBLINE_CACHE'] = folder;
  return folder;
}

function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

/** A cache with everything built, including the sources it was built from. */
function full(): string {
  const folder = cache();
  for (const group of GROUPS)
    for (const path of group.packages) {
      const program = join(folder, 'toolchain', KEY, programOf(group, path));
      write(program, `program of ${path}`);
      chmodSync(program, 0o755);
    }
  linkNames(join(folder, 'toolchain', KEY));
  write(join(folder, 'toolchain', KEY, '.made-by'), `${GO}\n`);
  write(join(folder, 'images/blobs/sha256-aa'), 'a layer');
  write(join(folder, 'images/tags/one/1.0'), 'sha256:aa');
  write(join(folder, 'images/layers/aa.json'), '{}');
  write(join(folder, 'go/mod/huge'), 'never packed');
  write(join(folder, 'images/fetched/source'), 'never packed');
  return folder;
}

const refusal = (message: RegExp) => (error: unknown) =>
  error instanceof CommandError && error.exitCode === 64 && message.test(error.message);

describe('an archive of programs and images', () => {
  let file = '';
  beforeEach(() => {
    file = join(root, `archive-${++serial}.tar.zst`);
  });

  it('should bring what was built to another machine, which needs no Go for it', async () => {
    const from = full();
    const packed = await packArchive(file);
    const to = cache();
    const unpacked = await unpackArchive(file, packed.sha256);
    assert.deepEqual(unpacked, packed);
    for (const name of ['images/blobs/sha256-aa', 'images/layers/aa.json', `toolchain/${KEY}/kubelet`])
      assert.equal(readFileSync(join(to, name), 'utf8'), readFileSync(join(from, name), 'utf8'));
    assert.equal(statSync(join(to, 'toolchain', KEY, 'kubelet')).mode & 0o777, 0o755);
    assert.equal(existsSync(join(to, 'go')) || existsSync(join(to, 'images/fetched')), false);
    assert.equal(await toolsBuilt(toolsFor('local', [])), true);
    assert.equal(await toolsDir(['cluster']), join(to, 'toolchain', KEY));
    // No temporary files are left, and files that exist already stay unchanged.
    assert.deepEqual(readdirSync(to).toSorted(), ['images', 'toolchain']);
    write(join(to, 'images/layers/aa.json'), 'changed since');
    await unpackArchive(file, undefined);
    assert.equal(readFileSync(join(to, 'images/layers/aa.json'), 'utf8'), 'changed since');
  });

  it('should refuse to pack what is not built, and to write over a file', async () => {
    cache();
    await assert.rejects(packArchive(file), refusal(/nothing to pack yet: first provision an environment/));
    full();
    writeFileSync(file, 'mine');
    await assert.rejects(packArchive(file), refusal(/exists already/));
    await assert.rejects(packArchive(join(root, 'none', 'x')), refusal(/cannot be written/));
  });

  it('should refuse a file that differs from the packed one, and change nothing', async () => {
    full();
    await packArchive(file);
    const to = cache();
    await assert.rejects(
      unpackArchive(file, '0'.repeat(64)),
      refusal(/has the digest [0-9a-f]{64}, expected/),
    );
    await assert.rejects(unpackArchive(join(root, 'none'), undefined), refusal(/does not exist/));
    writeFileSync(file, 'no archive');
    await assert.rejects(unpackArchive(file, undefined), refusal(/cannot be unpacked/));
    writeFileSync(file, readFileSync(file).subarray(0, 4));
    await assert.rejects(unpackArchive(file, undefined), refusal(/cannot be unpacked/));
    assert.deepEqual(readdirSync(to), []);
  });

  it('should refuse an archive of other sources, and a tar that is none', async () => {
    const folder = join(root, `tar-${++serial}`);
    const packed = async (): Promise<void> => {
      rmSync(file, { force: true });
      await run(['tar', '--zstd', '-cf', file, '-C', folder, '.'], { timeoutMs: 30_000 });
    };
    write(join(folder, 'toolchain/0123456789abcdef/.made-by'), `${GO}\n`);
    await packed();
    const to = cache();
    await assert.rejects(unpackArchive(file, undefined), refusal(/other versions than this checkout builds/));
    rmSync(join(folder, 'toolchain'), { recursive: true });
    write(join(folder, 'images/tags/one/1.0'), 'sha256:aa');
    await packed();
    await assert.rejects(unpackArchive(file, undefined), refusal(/not an archive that/));
    assert.deepEqual(readdirSync(to), []);
  });
});
