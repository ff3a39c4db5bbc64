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
  const { main } = await import('./main.ts');
  process.exitCode = await main(process.argv.slice(2));
  // Whatever still keeps the process alive has had its chance.
  setTimeout(() => process.exit(), 5000).unref();
}
