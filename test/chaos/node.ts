import { main } from '../../src/cli/main.ts';
import { FaultyDisk } from '../support/faulty-disk.ts';

// The server of the command line, whose disk is full while the parent says so.
const disk = new FaultyDisk('ENOSPC', 1, Infinity);
process.on('message', (message) => {
  disk.isArmed = message === 'full';
});
await main(process.argv, { disk });
