import { checkProperty } from '../config/setting-names.ts';
import type { ValueOf } from '../config/option.ts';
import { sessionOptions, type SessionOption } from '../config/session-options.ts';
import { noSpan } from '../diagnostics/source.ts';

/** What one client has set: SET, DEFINE, and the properties of its request. */
export class Session {
  readonly #defaults: Readonly<Record<string, string>>;
  readonly properties = new Map<string, string>();
  /** What the next answer says of properties that mean nothing here. */
  readonly warnings: string[] = [];
  readonly variables = new Map<string, string>();

  constructor(defaults: Readonly<Record<string, string>> = {}) {
    this.#defaults = defaults;
  }

  /** Sets a property, or throws for one that is not known and for a value that it cannot have. Gives a warning for one without meaning. */
  set(written: string, value: string, span = noSpan): string | undefined {
    const { name, warning } = checkProperty(written, value, span);
    if (sessionOptions.find(name) !== undefined) this.properties.set(name, value);
    return warning;
  }
  /** Keeps a warning for the next answer. */
  warn(warning: string | undefined): void {
    if (warning !== undefined) this.warnings.push(warning);
  }
  unset(written: string, span = noSpan): void {
    this.properties.delete(checkProperty(written, undefined, span).name);
  }
  /** What its readers take for a property: what was set, or the default. */
  read<N extends SessionOption['name']>(name: N): ValueOf<SessionOption, N> {
    const given = this.properties.get(name) ?? this.#defaults[name];
    return sessionOptions.find(name)!.read(given) as ValueOf<SessionOption, N>;
  }
  /** All properties that differ from the built-in defaults. */
  overrides(): Record<string, string> {
    return { ...this.#defaults, ...Object.fromEntries(this.properties) };
  }

  /** Replaces `${name}`: unknown ones stay. Inside a string literal quotes of the value are doubled. */
  substitute(text: string): string {
    if (this.variables.size === 0 || !this.read('ksql.variable.substitution.enable')) return text;
    return text.replace(/'(?:[^']|'')*'|\$\{([A-Za-z_][A-Za-z0-9_@]*)\}/g, (whole, name: string | undefined) => {
      if (name !== undefined) return this.#value(name) ?? whole;
      return whole.replace(
        /\$\{([A-Za-z_][A-Za-z0-9_@]*)\}/g,
        (inner, each: string) => this.#value(each)?.replaceAll("'", "''") ?? inner,
      );
    });
  }
  #value(name: string): string | undefined {
    return this.variables.get(name.toUpperCase());
  }
}
