import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { entryName, entryValue } from '../../analysis/events/configuration.ts';
import type { Findings } from '../../analysis/findings.ts';
import { writeWhole } from '../../disk/write-whole.ts';
import { OperatorError } from '../../units/operator-error.ts';
import { categories } from './categories.ts';
import { attachComparisons } from './comparisons.ts';
import { completeResults } from './complete.ts';
import { gatherResults } from './gather.ts';
import { CLUSTER_LABEL } from './names.ts';
import { firstNamed, type ReadResult } from './results.ts';

/** Against an Allure that hangs, ms: a large report on a busy computer takes minutes. */
const TIMEOUT = 600_000;
/** Seen from Allure's page. */
const AVAILABILITY = 'availability/index.html';

/** The pages of a report; each is one file that opens from disk. */
export type AllurePages = {
  /** Allure's own, `index.html`. */
  allure: string;
  /** `availability/index.html`. */
  availability: string;
};

/**
 * Makes the Allure report of the results in a folder. `history` is the file to which Allure adds these results; by default
 * `allure-history.jsonl` next to `outDir`. Throws OperatorError if Allure fails.
 */
export async function generateAllureReport(
  resultsDir: string,
  outDir: string,
  history = path.join(path.dirname(outDir), 'allure-history.jsonl'),
): Promise<AllurePages> {
  const [results, out] = [path.resolve(resultsDir), path.resolve(outDir)];
  let folder: string | undefined;
  try {
    mkdirSync(path.dirname(out), { recursive: true });
    // Beside the report, where files are linked rather than copied.
    folder = mkdtempSync(path.join(path.dirname(out), '.allure-'));
    const own = path.join(folder, 'results');
    mkdirSync(own);
    gatherResults([results], own);
    const read = completeResults(own);
    attachComparisons(own, read);
    const config = path.join(folder, 'allurerc.mjs');
    writeFileSync(config, allureConfig(out, path.resolve(history), environments(read)));
    // Allure does not clear the folder; it may contain a report of an older layout.
    rmSync(out, { recursive: true, force: true });
    const cli = fileURLToPath(new URL('../cli.js', import.meta.resolve('allure')));
    const { stderr } = await execa(process.execPath, [cli, 'generate', '--config', config, path.basename(own)], {
      // Allure takes the results as a glob pattern: with only the name of the folder, the rest of the path cannot act as one.
      cwd: folder,
      timeout: TIMEOUT,
    });
    const pages = { allure: path.join(out, 'index.html'), availability: path.join(out, AVAILABILITY) };
    // Of one plugin Allure puts the page at the top, of two each in a folder: people have the first place among their bookmarks.
    const page = path.join(out, 'awesome', 'index.html');
    writeWhole(pages.allure, withLink(withoutNetwork(readFileSync(page, 'utf8'))));
    rmSync(path.dirname(page), { recursive: true });
    // Allure goes on when a plugin fails, and says so.
    if (!existsSync(pages.availability)) throw Object.assign(new Error('no availability page was made'), { stderr });
    return pages;
  } catch (error) {
    if (error instanceof OperatorError) throw error;
    const { stdout = '', stderr = '', message } = error as Error & { stdout?: string; stderr?: string };
    const { text, isSystems } = reasonIn(`${stdout}\n${stderr}`.trim() || message);
    throw new OperatorError(`Allure could not make a report of ${results}: ${text}`, {
      hint: `${isSystems ? 'Is there room, and the right to write there? ' : ''}The runs and their own reports are not touched by this; see \`brownout runs\`.`,
      cause: error,
    });
  } finally {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  }
}

/** Why, in what Allure printed: what the system said of a file or a disk, or else what was thrown; without either, the last lines. */
export function reasonIn(output: string): { text: string; isSystems: boolean } {
  const systems = /\bE(?:NOSPC|DQUOT|IO|ROFS|ACCES|PERM|MFILE|NFILE|NOTDIR|ISDIR|NAMETOOLONG): .*/.exec(output)?.[0];
  const thrown = /^\w*Error: .*/m.exec(output)?.[0];
  const last = output.split('\n').slice(-5).join('\n');
  return { text: systems ?? thrown ?? last, isSystems: systems !== undefined };
}

/** Allure's page loads a Google analytics script. What broke in a cluster must not leave it, so the page may load nothing. */
function withoutNetwork(page: string): string {
  const policy = "default-src data: blob: 'unsafe-inline' 'unsafe-eval'";
  return page
    .replace(/<script async src="https:[^>]*><\/script>/, '')
    .replace('<head>', `<head><meta http-equiv="Content-Security-Policy" content="${policy}">`);
}

/** From Allure's page to the other one, where nothing of Allure's stands. */
function withLink(page: string): string {
  const style =
    'position:fixed;left:50%;transform:translateX(-50%);bottom:8px;z-index:9;padding:4px 10px;border-radius:8px;background:#1556b8;color:#fff;font:600 13px system-ui,sans-serif;text-decoration:none';
  return page.replace(/<body([^>]*)>/, `<body$1><a href="${AVAILABILITY}" style="${style}">Availability</a>`);
}

/** Versions and timers by cluster. */
type Environments = Map<string, Record<string, string>>;

/** An Allure configuration as source text: matchers are functions, so JSON cannot hold it. */
function allureConfig(out: string, history: string, environments: Environments): string {
  const config = {
    name: 'brownout',
    output: out,
    historyPath: history,
    historyLimit: 100,
    categories,
    plugins: {
      awesome: {
        options: { reportName: 'brownout', singleFile: true, groupBy: ['parentSuite', 'suite', 'subSuite'] },
      },
      availability: {
        import: fileURLToPath(import.meta.resolve(`./availability/plugin${path.extname(import.meta.filename)}`)),
      },
    },
  };
  const known = [...environments].map(
    ([cluster, variables]) => `
  ${JSON.stringify(environmentOf(cluster).id)}: {
    name: ${JSON.stringify(environmentOf(cluster).name)},
    variables: ${JSON.stringify(variables)},
    matcher: ({ labels }) => labels.some(({ name, value }) => name === ${JSON.stringify(CLUSTER_LABEL)} && value === ${JSON.stringify(cluster)}),
  },`,
  );
  return `export default { ...${JSON.stringify(config)}, environments: {${known.join('')}} };\n`;
}

/** As long as Allure lets the id and the name of an environment be. */
const LONGEST = 64;

/**
 * A cluster as Allure's environment. An id has letters, digits, - and _; a name may not look like a path. Both are stable, because the history
 * refers to them, and no two clusters share one: where a character had to be replaced that another cluster may have, a checksum is added.
 */
export function environmentOf(cluster: string): { id: string; name: string } {
  const sum = createHash('sha256').update(cluster).digest('hex').slice(0, 8);
  const name = cluster.replaceAll('/', ' › ').replace(/[\\\p{Cc}]/gu, '-');
  const isPlain =
    name !== 'default' && name === name.trim() && name.length <= LONGEST && name.replaceAll(' › ', '/') === cluster;
  return {
    id: `${cluster.replace(/[^A-Za-z0-9_-]/g, '-').slice(9 - LONGEST)}-${sum}`,
    name: isPlain ? name : `${name.slice(9 - LONGEST)} ${sum}`.trim().toWellFormed(),
  };
}

/** The configuration of each cluster at its latest result, from the findings attached to it. */
function environments(results: readonly ReadResult[]): Environments {
  const found: Environments = new Map();
  for (const { result, judged } of results) {
    const cluster = firstNamed(result.labels, CLUSTER_LABEL);
    if (cluster !== undefined && judged) found.set(cluster, variablesOf(judged.findings));
  }
  return found;
}

function variablesOf({ configuration }: Findings): Record<string, string> {
  return Object.fromEntries(configuration.map((entry) => [entryName(entry), entryValue(entry)]));
}
