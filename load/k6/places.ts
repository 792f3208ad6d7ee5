import { SourceMap, type SourceMapPayload } from 'node:module';
import path from 'node:path';
import { projectPath } from '../../files/project-path.ts';

/** How k6 names a place in the bundle, which comes on its input: line, column, and where the compiled code is. */
const IN_BUNDLE = /file:\/\/\/-:(\d+):(\d+)(?:\(\d+\))?/g;

/** Text of k6 with places of the script's own files in place of those in the bundle. */
export function inScript(text: string, map: string): string {
  const lines = new SourceMap(JSON.parse(map) as SourceMapPayload);
  return text.replaceAll(IN_BUNDLE, (place, line, column) => {
    const found = lines.findEntry(Number(line) - 1, Number(column) - 1);
    if (!('originalSource' in found)) return place;
    const file = path.resolve(found.originalSource);
    // What the suite puts around a script is no file.
    if (path.basename(file) === '<stdin>') return place;
    return `${projectPath(file)}:${found.originalLine + 1}:${found.originalColumn + 1}`;
  });
}
