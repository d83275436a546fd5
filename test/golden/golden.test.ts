import { describe, expect, test } from 'vitest';
import { goldenFiles, runGolden, updateGolden, type Mode } from './golden.ts';

/** `GOLDEN_UPDATE=1 npm test -- golden` writes what the engine gives into the files. */
const isUpdate = process.env['GOLDEN_UPDATE'] === '1';

describe.each(goldenFiles)('$name', ({ name, file }) => {
  const modes: Mode[] = file.once
    ? ['whole']
    : file.onePartition
      ? ['whole', 'restarted']
      : ['whole', 'restarted', 'partitioned'];
  test.each(isUpdate ? modes.slice(0, 1) : modes)('%s', async (mode) => {
    const results = await runGolden(file, mode);
    if (isUpdate) updateGolden(file, results);
    else for (const { block, actual, expected } of results) expect(actual, `${name}:${block.line}`).toBe(expected);
  });
});
