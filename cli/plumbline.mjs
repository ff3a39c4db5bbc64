#!/usr/bin/env node
// Plain JavaScript, so that an old Node prints this message instead of a syntax error.
const NEEDED = 24;
const major = Number(process.versions.node.split('.', 1)[0]);

if (major < NEEDED) {
  process.stderr.write(
    `plumbline needs Node.js ${NEEDED} or newer, this is ${process.versions.node}. ` +
      `\`npm ci\` installs it: run \`npx plumbline\` or \`npm start\` in the checkout.\n`,
  );
  process.exitCode = 64;
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
  const { join } = await import('node:path');
  process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, '..', 'node_modules', '.cache', 'node');
  enableCompileCache(process.env.NODE_COMPILE_CACHE);
  const loaded = await import('./main.ts').catch((error) => {
    process.stderr.write(`plumbline cannot be loaded: ${error?.stack ?? error}\n`);
    process.exit(HARNESS);
  });
  process.exitCode = await loaded.main(process.argv.slice(2));
  // Exit after 5 s even if a handle is still open. unref(): this timer itself does not delay the exit.
  setTimeout(() => process.exit(), 5000).unref();
}
