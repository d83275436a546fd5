import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InvalidArgumentError, type Command } from 'commander';
import type { Client } from '../../repl/client.ts';
import type { ImportTarget } from './run.ts';
import type { ImportStep } from './step.ts';

interface ImportFlags {
  readonly dryRun: boolean;
  readonly offsetReset?: string;
}

const resets = ['earliest', 'latest'];
const resetOf = (text: string): string => {
  if (!resets.includes(text)) throw new InvalidArgumentError(`it must be one of ${resets.join(', ')}`);
  return text;
};

/** Adds `import`: the statements of a ksqlDB server, or of its command topic, are executed here. */
export function addImport<F>(
  command: Command,
  open: (url: string, flags: F) => Promise<{ readonly client: Client }>,
  print: (text: string) => void,
): void {
  command
    .argument('<from>', 'a ksqlDB server (http://user:password@host:8088), or a file with its command topic')
    .argument('[url]', 'the Millrace server', 'http://localhost:8088')
    .description('execute the statements that a ksqlDB server has')
    .option('--dry-run', 'check them on an empty node in this process, and change nothing', false)
    .option('--offset-reset <where>', 'where queries begin, in place of their own auto.offset.reset', resetOf)
    .action(async (from: string, url: string, flags: ImportFlags & F) => {
      const steps = await stepsOf(from);
      const { runImport } = await import('./run.ts');
      const properties: Record<string, string> =
        flags.offsetReset === undefined ? {} : { 'auto.offset.reset': flags.offsetReset };
      const { target, close } = flags.dryRun
        ? await openDry()
        : { target: await open(url, flags), close: () => Promise.resolve() };
      try {
        const { imported, there, refused } = await runImport(steps, target, properties, print);
        print(
          `${flags.dryRun ? 'would be imported' : 'imported'}: ${imported}, there already: ${there}, refused: ${refused}`,
        );
        if (refused > 0) process.exitCode = 1;
      } finally {
        await close();
      }
    });
}

async function stepsOf(from: string): Promise<readonly ImportStep[]> {
  if (!/^https?:\/\//i.test(from)) {
    const { stepsOfTopic } = await import('./from-topic.ts');
    return stepsOfTopic(readFileSync(from, 'utf8'));
  }
  const url = new URL(from);
  const [user, password] = [url.username, url.password].map(decodeURIComponent);
  url.username = url.password = '';
  const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  const [{ stepsOfServer }, { Client }] = await Promise.all([
    import('./from-server.ts'),
    import('../../repl/client.ts'),
  ]);
  return stepsOfServer(new Client(url.href, user === '' ? {} : { authorization }));
}

/** A node of its own, where every topic that a statement names is there. */
async function openDry(): Promise<{ readonly target: ImportTarget; readonly close: () => Promise<void> }> {
  const [{ startNode }, { createTopicOf }, { readSettings }, { Client }] = await Promise.all([
    import('../start-node.ts'),
    import('../test-files.ts'),
    import('../../config/settings.ts'),
    import('../../repl/client.ts'),
  ]);
  const folder = mkdtempSync(join(tmpdir(), 'millrace-import-'));
  const running = await startNode(
    readSettings({ 'state.dir': folder, listeners: 'http://127.0.0.1:0' }, {}, undefined),
  );
  return {
    target: {
      client: new Client(running.server.url),
      prepare: async (statement) => {
        if (statement.kind === 'createSource' && statement.query === undefined)
          await createTopicOf(statement, running.engine);
      },
    },
    close: async () => {
      await running.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
