#!/usr/bin/env -S GLIBC_TUNABLES=glibc.malloc.hugetlb=1 node
/** The command `ringfence`. */
// Before anything else is loaded: positions in traces and errors are lines of the TypeScript, not of what it became.
process.setSourceMapsEnabled(true);
const { main } = await import('./program.js');
process.exitCode = await main(process.argv.slice(2));
