#!/usr/bin/env node
// Plain JavaScript, so that an old Node gets a sentence instead of a syntax error.
const NEEDED = 24;
const major = Number(process.versions.node.split('.', 1)[0]);

if (major < NEEDED) {
  process.stderr.write(
    `plumbline needs Node.js ${NEEDED} or newer, this is ${process.versions.node}. ` +
      `\`npm ci\` brings it along: run \`npx plumbline\` or \`npm start\` in the checkout.\n`,
  );
  process.exitCode = 64;
} else {
  // Node's own 1 and 13 would be taken for a verdict, or for nothing at all: what cannot be loaded is an error of the harness.
  const HARNESS = 3;
  process.on('exit', (code) => {
    if (code !== 13) return;
    process.stderr.write(
      'plumbline cannot be loaded: a module waits for itself, such as a definition that imports the catalogue\n',
    );
    process.exitCode = HARNESS;
  });
  const loaded = await import('./main.ts').catch((error) => {
    process.stderr.write(`plumbline cannot be loaded: ${error?.stack ?? error}\n`);
    process.exit(HARNESS);
  });
  process.exitCode = await loaded.main(process.argv.slice(2));
  // Whatever still keeps the process alive has had its chance.
  setTimeout(() => process.exit(), 5000).unref();
}
