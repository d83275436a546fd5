import { createRequire } from 'node:module';

/** A part that is not installed because few need it. */
class PartMissing extends TypeError {
  override readonly name = 'PartMissing';
}

/** Refuses with how to add a package that is installed beside Millrace by who needs it. */
export function requirePart(name: string, what: string): void {
  try {
    createRequire(import.meta.url).resolve(name);
  } catch {
    throw new PartMissing(`${what} needs a package that is not installed: npm install ${name}`);
  }
}
