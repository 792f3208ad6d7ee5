/** True when a name fits one of the patterns: `*` is any text, `?` any one character, everything else is literal. */
export function fitsPattern(name: string, patterns: string[]): boolean {
  return patterns.some((pattern) => {
    const source = pattern
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.');
    return new RegExp(`^${source}$`, 's').test(name);
  });
}
