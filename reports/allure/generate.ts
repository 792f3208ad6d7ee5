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
 * from disk. The history is kept in `allure-history.jsonl` next to `outDir`. Throws OperatorError if Allure fails.
 */
export async function generateAllureReport(resultsDir: string, outDir: string): Promise<string> {
  const [results, out] = [path.resolve(resultsDir), path.resolve(outDir)];
  const folder = mkdtempSync(path.join(tmpdir(), 'brownout-allure-'));
  try {
    const config = path.join(folder, 'allurerc.mjs');
    writeFileSync(config, allureConfig(out, environments(results)));
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
    const output = `${stdout}\n${stderr}`.trim().split('\n').slice(-5).join('\n');
    throw new OperatorError(`Allure could not make a report of ${results}: ${output || message}`, {
      hint: 'The runs and their own reports are not touched by this; see `brownout runs`.',
      cause: error,
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
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
function allureConfig(out: string, environments: Environments): string {
  const config = {
    name: 'brownout',
    output: out,
    historyPath: path.join(path.dirname(out), 'allure-history.jsonl'),
    historyLimit: 100,
    categories,
    plugins: {
      awesome: {
        options: { reportName: 'brownout', singleFile: true, groupBy: ['parentSuite', 'suite', 'subSuite'] },
      },
    },
  };
  const known = [...environments].map(
    ([cluster, variables], index) => `
  ${JSON.stringify(environmentId(cluster, index))}: {
    name: ${JSON.stringify(cluster.replace(/[/\\\p{Cc}]/gu, '-').slice(0, 64))},
    variables: ${JSON.stringify(variables)},
    matcher: ({ labels }) => labels.some(({ name, value }) => name === ${JSON.stringify(CLUSTER_LABEL)} && value === ${JSON.stringify(cluster)}),
  },`,
  );
  return `export default { ...${JSON.stringify(config)}, environments: {${known.join('')}} };\n`;
}

/** Letters, digits, - and _, at most 64, as Allure requires. It must be stable, because the history refers to it. */
function environmentId(cluster: string, index: number): string {
  const id = cluster.replace(/[^A-Za-z0-9_-]/g, '-').slice(0, 60);
  return id === cluster ? id : `${id}-${index}`;
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
