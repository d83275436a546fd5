import type { Command } from 'commander';
import { printString } from '../syntax/print.ts';
import { aboutView, runOnView, viewName, type OpenServer } from './view-command.ts';

interface VerifyFlags {
  readonly from?: string;
  readonly to?: string;
  readonly sample?: string;
}

/** `millrace verify`: prints the report as JSON. The exit code is 0 where all agrees, 1 where something differs, and 2 where nothing was compared. */
export function addVerify<F>(command: Command, open: OpenServer<F>): void {
  aboutView(command)
    .description('compare what a feature view answered with a recomputation and with its files')
    .option('--sample <entities>', 'so many entities')
    .action((view: string, url: string | undefined, flags: VerifyFlags & F) =>
      runOnView(
        open,
        url,
        flags,
        async (client) => {
          const [answer] = await client.execute(statementOf(view, flags));
          return answer?.['verification'] as Readonly<Record<string, unknown>>;
        },
        ({ differing }) => differing === 0,
      ),
    );
}

function statementOf(view: string, { from, to, sample }: VerifyFlags): string {
  const range =
    from === undefined && to === undefined
      ? ''
      : ` FROM ${printString(from ?? '0001-01-01T00:00:00Z')} TO ${printString(to ?? '9999-12-31T00:00:00Z')}`;
  return `VERIFY FEATURE VIEW ${viewName(view)}${range}${sample === undefined ? '' : ` SAMPLE ${sample}`};`;
}
