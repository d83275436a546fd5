import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSettings } from '../src/config/settings.ts';
import { startNode, type RunningNode } from '../src/cli/start-node.ts';

/** Starts a node in a temporary folder, which closing deletes; embedded unless the settings name brokers. */
export async function openBenchNode(others: Readonly<Record<string, string>> = {}): Promise<RunningNode> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  const settings = { 'state.dir': folder, listeners: 'http://127.0.0.1:0', 'auto.offset.reset': 'earliest', ...others };
  const running = await startNode(readSettings(settings, {}, undefined));
  return {
    ...running,
    close: async () => {
      await running.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
