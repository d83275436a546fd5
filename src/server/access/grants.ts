import { rights, sourceOfRights, type Right } from '../../statements/rights.ts';
import { namedLines, WrongLine } from './watched-file.ts';

interface Grant {
  readonly rights: ReadonlySet<Right>;
  readonly patterns: readonly RegExp[];
}
/** What roles may do, by role. */
export type Grants = ReadonlyMap<string, readonly Grant[]>;

/** A pattern of names: `*` stands for any text. */
const patternOf = (text: string): RegExp =>
  new RegExp(`^${text.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`, 's');

/** Reads lines of `role = read, write on CLICKS, FRAUD_*`; the right `all` is every one. */
export function readGrants(text: string): Grants {
  const grants = new Map<string, Grant[]>();
  for (const { line, name, value } of namedLines(text, '=')) {
    const match = /^(.+?)\s+on\s+(.+)$/i.exec(value);
    if (name === '' || match === null) throw new WrongLine(line, 'it must be: role = read, write on CLICKS, FRAUD_*');
    const words = match[1]!.split(',').map((word) => word.trim().toLowerCase());
    const given = words.flatMap((word): readonly Right[] => {
      const known = rights.filter((right) => word === 'all' || right === word);
      if (known.length === 0) throw new WrongLine(line, `rights are ${rights.join(', ')} and all`);
      return known;
    });
    const patterns = match[2]!.split(',').map((pattern) => patternOf(pattern.trim()));
    grants.set(name, [...(grants.get(name) ?? []), { rights: new Set(given), patterns }]);
  }
  return grants;
}

/** Whether one of the roles has a right on a name, or where none is given on any. Rights on a view are rights on all of its versions. */
export function isGranted(grants: Grants, roles: readonly string[], right: Right, name: string | undefined): boolean {
  const on = name === undefined ? undefined : sourceOfRights(name);
  return roles.some((role) =>
    (grants.get(role) ?? []).some(
      (grant) => grant.rights.has(right) && (on === undefined || grant.patterns.some((pattern) => pattern.test(on))),
    ),
  );
}
