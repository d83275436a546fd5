/** Which version of which view a source is. A view that never was replaced has none of this, and is version 1. */
export interface ViewVersion {
  /** The name that stands for the version that is live. */
  readonly view: string;
  readonly number: number;
  /** Of the version that is live: the greatest number that was ever given, also to one that was dropped. */
  readonly last?: number;
}

const pattern = /^(.+)@V(\d+)$/;

/** The name of one version of a view. No statement can create a source with `@` in its name. */
export const versionName = (view: string, number: number): string => `${view}@V${number}`;

/** The view that a name is of: the name itself, without a version. */
export const viewOfName = (name: string): string => pattern.exec(name)?.[1] ?? name;

/** The number of a view's version. */
export const versionOf = (view: { readonly version?: ViewVersion }): number => view.version?.number ?? 1;

interface Versioned {
  readonly featureView: { readonly version?: ViewVersion } | undefined;
}

/** The sources by name. The version of a view that is live is found by its own name too, and is listed once. */
export class Sources<S extends Versioned> extends Map<string, S> {
  override get(name: string): S | undefined {
    return super.get(name) ?? this.#live(name);
  }
  override has(name: string): boolean {
    return super.has(name) || this.#live(name) !== undefined;
  }

  #live(name: string): S | undefined {
    const [, view, number] = pattern.exec(name) ?? [];
    const live = view === undefined ? undefined : super.get(view);
    return live?.featureView !== undefined && versionOf(live.featureView) === Number(number) ? live : undefined;
  }
}
