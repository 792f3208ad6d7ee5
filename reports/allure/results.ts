/** A folder of Allure's results as its reporter wrote them, with the run that belongs to each. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Findings } from '../../analysis/findings.ts';
import { findingsSchema } from '../../analysis/findings-schema.ts';
import { parseJson } from '../../recording/json.ts';
import type { RunMeta } from '../../recording/recording.ts';
import { runMeta } from '../../recording/schema.ts';
import { CLUSTER_LABEL, FINDINGS, JOURNEY_LABEL, META } from './names.ts';

/** What is read and written of a result; whatever else it has stays. */
export interface Result {
  uuid: string;
  start?: number;
  stop?: number;
  status?: string;
  description?: string;
  statusDetails?: { message?: string; trace?: string; known?: boolean };
  labels?: { name: string; value?: string }[];
  parameters?: { name: string; value?: string }[];
  steps?: Step[];
  attachments?: Attachment[];
}

interface Step {
  name?: string;
  start?: number;
  stop?: number;
  steps?: Step[];
  attachments?: Attachment[];
}

interface Attachment {
  name: string;
  source: string;
}

export interface ReadResult {
  file: string;
  result: Result;
  /** The run that was judged; undefined for a test without one, or one of another version of the suite. */
  judged?: { meta: RunMeta; findings: Findings };
}

/** All of a folder, oldest first. An incomplete file of a killed run is passed over: Allure ignores it as well. */
export function readResults(dir: string): ReadResult[] {
  return readdirSync(dir)
    .filter((name) => name.endsWith('-result.json'))
    .sort()
    .flatMap((name) => {
      const file = path.join(dir, name);
      const result = parseOrNothing(file);
      return result ? [{ file, result, judged: judgedIn(dir, result) }] : [];
    })
    .sort((a, b) => (a.result.start ?? 0) - (b.result.start ?? 0));
}

function parseOrNothing(file: string): Result | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function judgedIn(dir: string, result: Result): ReadResult['judged'] {
  const text = (name: string) => {
    const source = findAttachment(result, name);
    // The reporter names its files; no result may point out of its folder.
    return source === undefined || path.basename(source) !== source ? '' : readOrNothing(path.join(dir, source));
  };
  return judgedOf(text(META), text(FINDINGS));
}

/** Undefined unless both are of a form that this suite knows. */
export function judgedOf(meta: string, findings: string): ReadResult['judged'] {
  if (meta === '' || findings === '') return undefined;
  const [one, other] = [parseJson(meta, runMeta), parseJson(findings, findingsSchema)];
  return one.value && other.value ? { meta: one.value, findings: other.value } : undefined;
}

function readOrNothing(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function findAttachment({ attachments = [], steps = [] }: Step, name: string): string | undefined {
  const here = attachments.find((one) => one.name === name)?.source;
  return here ?? steps.map((step) => findAttachment(step, name)).find((source) => source !== undefined);
}

type Named = { name: string; value?: string }[];

export const firstNamed = (all: Named | undefined, name: string): string | undefined =>
  all?.find((one) => one.name === name)?.value;

/** What ran, on which cluster: the scenario's file, or the journey that ran it. Undefined for a test that says neither. */
export function subjectOf({
  labels,
  parameters,
}: {
  labels?: Named;
  parameters?: Named;
}): { subject: string; cluster: string } | undefined {
  const subject = firstNamed(labels, JOURNEY_LABEL) ?? firstNamed(parameters, 'scenario');
  const cluster = firstNamed(labels, CLUSTER_LABEL);
  return subject === undefined || cluster === undefined ? undefined : { subject, cluster };
}
