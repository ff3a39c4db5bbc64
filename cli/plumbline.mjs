#!/usr/bin/env node
// Plain JavaScript, so that an old Node prints this message instead of a syntax error.
import { existsSync } from 'node:fs';
import { fileURLToPath, URL } from 'node:url';

const NEEDED = 24;
const USAGE = 64;
const major = Number(process.versions.node.split('.', 1)[0]);
const checkout = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');
const install = `Run \`npm ci\` in ${checkout} first, then this command again.`;
const isThere = (path) => existsSync(`${checkout}/node_modules/${path}`);

/** What a user of an older Node does. npm writes `.package-lock.json` when it has installed everything. */
function instead() {
  if (!isThere('.package-lock.json')) return install;
  if (isThere('.bin/node'))
    return `Run \`npx plumbline\` or \`npm start\` in ${checkout}: they use the newer one there.`;
  return '`npm ci` brings one for Linux on x86-64 and arm64 alone: install it.';
}

if (major < NEEDED) {
  process.stderr.write(
    `plumbline needs Node.js ${NEEDED} or newer, this is ${process.versions.node}. ${instead()}\n`,
  );
  process.exitCode = USAGE;
} else {
  // A load failure must exit as a harness error. Node's own codes would mislead: 1 means a failed check, and 13 means nothing here.
  const HARNESS = 3;
  process.on('exit', (code) => {
    if (code !== 13) return;
    process.stderr.write(
      'plumbline cannot be loaded: modules import each other and each waits for the other (does a check definition import the catalogue?)\n',
    );
    process.exitCode = HARNESS;
  });
  // Processes of this checkout keep what they compiled, by content; beside the packages, since only who installed these can write there.
  const { enableCompileCache } = await import('node:module');
  process.env.NODE_COMPILE_CACHE ??= `${checkout}/node_modules/.cache/node`;
  enableCompileCache(process.env.NODE_COMPILE_CACHE);
  const loaded = await import('./main.ts').catch((error) => {
    const missing = /^Cannot find package '[^']+'/.exec(error?.message ?? '')?.[0];
    process.stderr.write(
      missing === undefined
        ? `plumbline cannot be loaded: ${error?.stack ?? error}\n`
        : `plumbline cannot be loaded: ${missing}. ${install}\n`,
    );
    process.exit(missing === undefined ? HARNESS : USAGE);
  });
  process.exitCode = await loaded.main(process.argv.slice(2));
  // Exit after 5 s even if a handle is still open. unref(): this timer itself does not delay the exit.
  setTimeout(() => process.exit(), 5000).unref();
}
