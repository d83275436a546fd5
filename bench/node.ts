import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSettings } from '../src/config/settings.ts';
import { startNode, type RunningNode } from '../src/cli/start-node.ts';

/** An embedded node in a folder of its own, which goes with it. */
export async function openBenchNode(): Promise<RunningNode> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  const settings = { 'state.dir': folder, listeners: 'http://127.0.0.1:0', 'auto.offset.reset': 'earliest' };
  const running = await startNode(readSettings(settings, {}, undefined));
  return {
    ...running,
    close: async () => {
      await running.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
