import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { entryName, entryValue } from '../../analysis/events/configuration.ts';
import type { Findings } from '../../analysis/findings.ts';
import { OperatorError } from '../../units/operator-error.ts';
import { writeWhole } from '../../units/write-whole.ts';
import { categories } from './categories.ts';
import { CLUSTER_LABEL, FINDINGS } from './names.ts';

const TIMEOUT = 120_000;

/**
 * Makes the Allure report of the results in a folder; returns the path of its page. The report is one file that opens
 * from disk. `history` is the file to which Allure adds these results; by default `allure-history.jsonl` next to `outDir`. Throws OperatorError if
 * Allure fails.
 */
export async function generateAllureReport(
  resultsDir: string,
  outDir: string,
  history = path.join(path.dirname(outDir), 'allure-history.jsonl'),
): Promise<string> {
  const [results, out] = [path.resolve(resultsDir), path.resolve(outDir)];
  let folder: string | undefined;
  try {
    folder = mkdtempSync(path.join(tmpdir(), 'brownout-allure-'));
    const config = path.join(folder, 'allurerc.mjs');
    writeFileSync(config, allureConfig(out, path.resolve(history), environments(results)));
    // Allure does not clear the folder; it may contain a report of an older layout.
    rmSync(out, { recursive: true, force: true });
    const cli = fileURLToPath(new URL('../cli.js', import.meta.resolve('allure')));
    await execa(process.execPath, [cli, 'generate', '--config', config, path.basename(results)], {
      // Allure takes the results as a glob pattern: with only the name of the folder, the rest of the path cannot act as one.
      cwd: path.dirname(results),
      timeout: TIMEOUT,
    });
    const page = path.join(out, 'index.html');
    writeWhole(page, withoutNetwork(readFileSync(page, 'utf8')));
    return page;
  } catch (error) {
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

interface Result {
  labels?: { name: string; value?: string }[];
  steps?: Step[];
  attachments?: { name: string; source: string }[];
  start?: number;
}
type Step = Pick<Result, 'steps' | 'attachments'>;

/** The configuration of each cluster at its latest result, from the findings attached to it. */
function environments(resultsDir: string): Environments {
  const found: Environments = new Map();
  const results = readdirSync(resultsDir)
    .filter((name) => name.endsWith('-result.json'))
    .flatMap((name) => readJson<Result>(path.join(resultsDir, name)) ?? [])
    .sort((a, b) => (a.start ?? 0) - (b.start ?? 0));
  for (const result of results) {
    const cluster = result.labels?.find(({ name }) => name === CLUSTER_LABEL)?.value;
    const source = findAttachment(result);
    const findings = source === undefined ? undefined : readJson<Findings>(path.join(resultsDir, source));
    if (cluster !== undefined && findings) found.set(cluster, variablesOf(findings));
  }
  return found;
}

function variablesOf({ configuration }: Findings): Record<string, string> {
  return Object.fromEntries(configuration.map((entry) => [entryName(entry), entryValue(entry)]));
}

/** Undefined for an incomplete file of a killed run: Allure ignores it as well. */
function readJson<T>(file: string): T | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function findAttachment({ attachments = [], steps = [] }: Step): string | undefined {
  const here = attachments.find(({ name }) => name === FINDINGS)?.source;
  return here ?? steps.map(findAttachment).find((source) => source !== undefined);
}
