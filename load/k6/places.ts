import { SourceMap, type SourceMapPayload } from 'node:module';
import path from 'node:path';
import { projectPath } from '../../files/project-path.ts';

/** How k6 names a place in the bundle, which comes on its input: line, column, and where the compiled code is. */
const IN_BUNDLE = /file:\/\/\/-:(\d+):(\d+)(?:\(\d+\))?/g;

/** Gives text of k6 places of the script's own files in place of those in the bundle. The map is read at the first of them, and once. */
export function placesIn(map: string): (text: string) => string {
  let lines: SourceMap | undefined;
  return (text) =>
    text.replaceAll(IN_BUNDLE, (place, line, column) => {
      lines ??= new SourceMap(JSON.parse(map) as SourceMapPayload);
      const found = lines.findEntry(Number(line) - 1, Number(column) - 1);
      if (!('originalSource' in found)) return place;
      const file = path.resolve(found.originalSource);
      // What the suite puts around a script is no file.
      if (path.basename(file) === '<stdin>') return place;
      return `${projectPath(file)}:${found.originalLine + 1}:${found.originalColumn + 1}`;
    });
}
