import { checkProperty } from '../config/setting-names.ts';
import type { ValueOf } from '../config/option.ts';
import { sessionOptions, type SessionOption } from '../config/session-options.ts';
import { noSpan } from '../diagnostics/source.ts';

/** The state of a client's session: SET, DEFINE, and the properties of the current request. */
export class Session {
  readonly #defaults: Readonly<Record<string, string>>;
  readonly properties = new Map<string, string>();
  /** Warnings about properties without meaning here, for the next answer. */
  readonly warnings: string[] = [];
  readonly variables = new Map<string, string>();

  constructor(defaults: Readonly<Record<string, string>> = {}) {
    this.#defaults = defaults;
  }

  /** Sets a property; throws for an unknown name and an invalid value. Returns a warning for one without meaning here. */
  set(written: string, value: string, span = noSpan): string | undefined {
    const { name, warning } = checkProperty(written, value, span);
    if (sessionOptions.find(name) !== undefined) this.properties.set(name, value);
    return warning;
  }
  /** Adds a warning to the next answer. */
  warn(warning: string | undefined): void {
    if (warning !== undefined) this.warnings.push(warning);
  }
  unset(written: string, span = noSpan): void {
    this.properties.delete(checkProperty(written, undefined, span).name);
  }
  /** A property's value for its readers: as set, else the default. */
  read<N extends SessionOption['name']>(name: N): ValueOf<SessionOption, N> {
    const written = this.properties.get(name) ?? this.#defaults[name];
    return sessionOptions.find(name)!.read(written) as ValueOf<SessionOption, N>;
  }
  /** All properties that differ from the built-in defaults. */
  overrides(): Record<string, string> {
    return { ...this.#defaults, ...Object.fromEntries(this.properties) };
  }

  /**
   * Replaces `${name}` by the variable's value; unknown names stay. Inside a string literal, quotes in the value are doubled.
   */
  substitute(text: string): string {
    if (this.variables.size === 0 || !this.read('ksql.variable.substitution.enable')) return text;
    return text.replace(/'(?:[^']|'')*'|\$\{([A-Za-z_][A-Za-z0-9_@]*)\}/g, (whole, name: string | undefined) => {
      if (name !== undefined) return this.#value(name) ?? whole;
      return whole.replace(
        /\$\{([A-Za-z_][A-Za-z0-9_@]*)\}/g,
        (inner, variable: string) => this.#value(variable)?.replaceAll("'", "''") ?? inner,
      );
    });
  }
  #value(name: string): string | undefined {
    return this.variables.get(name.toUpperCase());
  }
}
