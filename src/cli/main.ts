#!/usr/bin/env -S GLIBC_TUNABLES=glibc.malloc.hugetlb=1 node
/** The command `ringfence`. */
// Before anything else is loaded: positions in traces and errors are lines of the TypeScript, not of what it became.
process.setSourceMapsEnabled(true);

let finished = false;
// A model that ends the process must not look like a proof.
process.on('exit', () => {
  if (finished) return;
  process.stderr.write('error: the process was ended before there was a verdict (does the model call process.exit?)\n');
  process.exitCode = 2;
});
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // A reader that has seen enough (`| head`) is no error of ours; a full disk is.
  if (error.code !== 'EPIPE') process.stderr.write(`error: the output can't be written: ${error.message}\n`);
  finished = true;
  process.exit(2);
});

const { main } = await import('./program.js');
process.exitCode = await main(process.argv.slice(2));
finished = true;
