import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { messageOf } from '../../units/message.ts';
import { OperatorError } from '../../units/operator-error.ts';
import { OLDEST_NODE } from './loader.ts';

/**
 * The prober for another computer, as one script, gzipped: a function of `require`. Nothing of it is outside Node itself, and the project's own
 * kinds of probes are in it.
 *
 * @param kinds by their names, the files that export them
 * @throws {OperatorError} if one of them cannot be bundled
 */
export async function bundleProber(kinds: Readonly<Record<string, string>>): Promise<Buffer> {
  // Compiled, this file and those all end in .js.
  const own = (name: string) => fileURLToPath(new URL(`${name}${extname(import.meta.url)}`, import.meta.url));
  const names = Object.keys(kinds);
  const imports = names.map((name, at) => `import { probe as probe${at} } from ${JSON.stringify(kinds[name])};`);
  const parts = names.map(
    (name, at) => `{ name: ${JSON.stringify(name)}, file: ${JSON.stringify(kinds[name])}, part: probe${at} }`,
  );
  try {
    const { outputFiles } = await build({
      stdin: {
        contents: [
          `import { main } from ${JSON.stringify(own('./main'))};`,
          ...imports,
          `main([${parts.join(', ')}]);`,
        ].join('\n'),
        resolveDir: process.cwd(),
      },
      // What a probe of a project imports; types are in it, too.
      alias: { 'brownout/probe': own('../../api/probe') },
      bundle: true,
      write: false,
      platform: 'node',
      target: `node${OLDEST_NODE.major}.${OLDEST_NODE.minor}`,
      format: 'cjs',
      // Where the suite's own files are: none of them is there.
      define: { 'import.meta.dirname': '"/"', 'import.meta.url': '"file:///brownout-prober.js"' },
      minify: true,
      banner: { js: '(function (require) {' },
      footer: { js: '})' },
      logLevel: 'silent',
    });
    return gzipSync(outputFiles[0]!.contents);
  } catch (cause) {
    throw new OperatorError(`the prober cannot be made one script for another computer: ${messageOf(cause)}`, {
      hint: 'a probe of your own may import only what esbuild can bundle: no native modules',
      cause,
    });
  }
}
