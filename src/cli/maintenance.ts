import { join } from 'node:path';
import { backUpCommands, backUpFolder, commandsOf, restoreFolder } from '../adapters/embedded/backup.ts';
import { checkFolder } from '../adapters/embedded/check-folder.ts';
import { serverOptions } from '../config/server-options.ts';
import type { Settings } from '../config/settings.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import { readCommand } from '../engine/read-command.ts';

type Say = (line: string) => void;

const isEmbedded = (settings: Settings): boolean => serverOptions.read('bootstrap.servers', settings).length === 0;
const serviceOf = (settings: Settings): string => serverOptions.read('ksql.service.id', settings);
const checkCommand = (text: string, number: number): void => void readCommand(text, number);

/** `millrace check`: reads all that is stored; returns whether it is whole. */
export async function check(settings: Settings, acceptLoss: boolean, say: Say): Promise<boolean> {
  const damages = isEmbedded(settings)
    ? await checkFolder({ folder: stateOf(settings), acceptLoss, readCommand: checkCommand, say })
    : await checkTopic(settings, say);
  for (const damage of damages) say(`damaged: ${damage}`);
  if (damages.length === 0) say('nothing is damaged');
  else if (acceptLoss) say(`given up: what was cut off is in ${join(stateOf(settings), 'lost')}`);
  return damages.length === 0 || acceptLoss;
}
const stateOf = (settings: Settings): string => serverOptions.read('state.dir', settings);

async function checkTopic(settings: Settings, say: Say): Promise<readonly string[]> {
  const { readCommands } = await import('../adapters/kafka/command-backup.ts');
  const commands = await readCommands(settings, serviceOf(settings));
  say(`commands: ${commands.length}`);
  return commands.flatMap((text, number) => {
    try {
      checkCommand(text, number);
      return [];
    } catch (error) {
      if (error instanceof SqlError) return error.message;
      throw error;
    }
  });
}

/** `millrace backup`: of an embedded folder that no node uses, or of the command topic. */
export async function backUp(settings: Settings, target: string, say: Say): Promise<void> {
  if (isEmbedded(settings)) {
    const folder = stateOf(settings);
    const checked = { folder, acceptLoss: false, readCommand: checkCommand, say: () => undefined };
    const { files } = await backUpFolder(folder, target, () => checkFolder(checked));
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    say(`backed up ${folder} to ${target}: ${files.length} files, ${bytes} bytes`);
    return;
  }
  const { readCommands } = await import('../adapters/kafka/command-backup.ts');
  const commands = await readCommands(settings, serviceOf(settings));
  await backUpCommands(commands, target);
  say(`backed up ${commands.length} commands to ${target}`);
}

/** `millrace restore`: to a folder, or a command topic, that holds nothing yet. */
export async function restore(settings: Settings, source: string, say: Say): Promise<void> {
  if (isEmbedded(settings)) {
    const folder = stateOf(settings);
    const { files, madeAt } = await restoreFolder(source, folder);
    say(`restored ${folder} from the backup of ${madeAt}: ${files.length} files`);
    return;
  }
  const { writeCommands } = await import('../adapters/kafka/command-backup.ts');
  const commands = await commandsOf(source);
  commands.forEach((text, number) => checkCommand(text, number));
  const replicas = serverOptions.read('ksql.internal.topic.replicas', settings);
  await writeCommands(settings, serviceOf(settings), replicas, commands);
  say(`restored ${commands.length} commands from ${source}`);
}
