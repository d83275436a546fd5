/**
 * A part of a syntax tree (a node, a list of them, or what holds some) with nodes replaced: `replace` gives what stands in the place of
 * an object, or undefined where its parts are looked at. Spans stay as they are.
 */
export function mapNodes(part: unknown, replace: (node: object) => unknown): unknown {
  if (Array.isArray(part)) return part.map((item) => mapNodes(item, replace));
  if (typeof part !== 'object' || part === null) return part;
  const replaced = replace(part);
  if (replaced !== undefined) return replaced;
  return Object.fromEntries(
    Object.entries(part).map(([key, inner]) => [key, key === 'span' ? (inner as unknown) : mapNodes(inner, replace)]),
  );
}
