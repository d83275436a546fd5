import { namedLines, WrongLine } from './watched-file.ts';
import { readHash, type StoredPassword } from './passwords.ts';

/** A user of the users file; without a password one who shows a certificate. */
export interface FileUser {
  readonly password: StoredPassword | undefined;
  readonly roles: readonly string[];
}

/**
 * Reads a users file: lines of `name: hash,role,role`, as Jetty's property files have it, the hash by `millrace user`. A user who
 * comes by a certificate has the word `certificate` in place of a hash.
 */
export function readUsers(text: string): ReadonlyMap<string, FileUser> {
  const users = new Map<string, FileUser>();
  for (const { line, name, value } of namedLines(text, ':')) {
    const [secret = '', ...roles] = value.split(',').map((part) => part.trim());
    if (name === '') throw new WrongLine(line, 'a user has no name');
    if (users.has(name)) throw new WrongLine(line, 'the user stands above already');
    const password = readHash(secret);
    if (password === undefined && secret !== 'certificate')
      throw new WrongLine(line, 'it needs a hash of "millrace user", not a password, or the word certificate');
    users.set(name, { password, roles: roles.filter((role) => role !== '') });
  }
  return users;
}
