import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { extract } from 'tar-stream';
import { listTree, packDifference, packEntries, snapshot, type TarStream } from './tar.ts';

interface Seen {
  readonly type: string;
  readonly mode: number;
  readonly body: string;
  readonly link: string | undefined;
}

async function contents(tar: TarStream): Promise<Map<string, Seen>> {
  const seen = new Map<string, Seen>();
  const reader = extract();
  Readable.from(tar).pipe(reader);
  for await (const entry of reader) {
    const chunks: Buffer[] = [];
    for await (const chunk of entry as unknown as AsyncIterable<Buffer>) chunks.push(chunk);
    const { name, type, mode, linkname } = entry.header;
    seen.set(name, { type, mode, body: Buffer.concat(chunks).toString(), link: linkname });
  }
  return seen;
}

async function bytes(tar: TarStream): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of tar) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function withFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'plumbline-tar-'));
  try {
    await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

test('should write every kind of entry with its mode, text and target', async () => {
  await withFolder(async (folder) => {
    await writeFile(join(folder, 'program'), 'ELF');
    const seen = await contents(
      packEntries([
        { path: 'tmp', dir: true, mode: 0o1777 },
        { path: 'bin/program', file: join(folder, 'program'), mode: 0o755 },
        { path: 'etc/name', text: 'plumbline' },
        { path: 'bin/alias', link: 'program' },
      ]),
    );
    assert.equal(seen.get('tmp/')?.mode ?? seen.get('tmp')?.mode, 0o1777);
    assert.deepEqual(
      ['bin/program', 'etc/name', 'bin/alias'].map((name) => [
        seen.get(name)?.type,
        seen.get(name)?.body,
        seen.get(name)?.link ?? null,
      ]),
      [
        ['file', 'ELF', null],
        ['file', 'plumbline', null],
        ['symlink', '', 'program'],
      ],
    );
    assert.equal(seen.get('bin/program')?.mode, 0o755);
  });
});

test('should give the same bytes for the same entries at any time', async () => {
  const entries = [
    { path: 'a', text: 'x' },
    { path: 'd', dir: true },
  ] as const;
  assert.deepEqual(await bytes(packEntries(entries)), await bytes(packEntries(entries)));
});

test('should fail with the error of a missing file', async () => {
  await assert.rejects(bytes(packEntries([{ path: 'a', file: '/nonexistent/file' }])), /ENOENT/);
});

test('should list links to folders without walking into them', async () => {
  await withFolder(async (folder) => {
    await mkdir(join(folder, 'usr/lib'), { recursive: true });
    await writeFile(join(folder, 'usr/lib/x'), '');
    await symlink('usr/lib', join(folder, 'lib'));
    assert.deepEqual(await listTree(folder), ['lib', 'usr', 'usr/lib', 'usr/lib/x']);
  });
});

test('should contain only what was added or changed, and not the links of a merged /usr', async () => {
  await withFolder(async (folder) => {
    await mkdir(join(folder, 'usr/lib'), { recursive: true });
    await symlink('usr/lib', join(folder, 'lib'));
    await writeFile(join(folder, 'usr/lib/old'), 'old');
    await writeFile(join(folder, 'usr/lib/changed'), 'before');
    const before = await snapshot(folder);
    await writeFile(join(folder, 'usr/lib/changed'), 'afterwards');
    await writeFile(join(folder, 'lib/new'), 'new');
    await chmod(join(folder, 'usr/lib/new'), 0o640);
    const seen = await contents(packDifference(folder, before));
    assert.deepEqual([...seen.keys()].sort(), ['usr/lib/changed', 'usr/lib/new']);
    assert.equal(seen.get('usr/lib/new')?.mode, 0o640);
  });
});
