/** `brownout compare --claims`: what recordings say of the claims in a file. */
import { judgeClaims } from '../../analysis/claims/claims.ts';
import { projectPath } from '../../files/project-path.ts';
import { asDocument, asJson, stderr, stdout } from '../../output/terminal.ts';
import type { RunFolder } from '../../recording/folder.ts';
import { readMeta } from '../../recording/read.ts';
import type { RunMeta } from '../../recording/recording.ts';
import { renderClaimsPage } from '../../reports/claims/html.ts';
import { renderClaimsMarkdown } from '../../reports/claims/markdown.ts';
import { renderClaims } from '../../reports/claims/terminal.ts';
import { loadProject } from '../../run/parts.ts';
import { type Claims, placesOf, readClaims } from '../../scenarios/claims.ts';
import { readNewest, readRun } from '../recordings.ts';
import { byId, type ReadRun, readJudged, requireOneWay, writePage } from './compared-runs.ts';

interface ClaimsFlags {
  last?: number;
  html?: string;
  markdown?: boolean;
  json?: boolean;
}

/** Without names, and without `last`, of all recordings in the project that answer some claim. */
export async function compareClaims(file: string, names: string[], flags: ClaimsFlags): Promise<void> {
  requireOneWay(names, flags.last);
  await loadProject(process.cwd());
  const claims = await readClaims(file);
  const runs = byId(chooseRuns(claims, names, flags.last));
  const result = judgeClaims(
    claims,
    [...runs.values()].map(({ value }) => ({ ...value, file: scenarioOf(value.meta) })),
  );
  if (flags.html !== undefined) writePage(flags.html, 'Claims', runs, (links) => renderClaimsPage(result, links));
  if (flags.json) stdout.print(asJson(result));
  else if (flags.markdown) stdout.print(asDocument(renderClaimsMarkdown(result)));
  else stdout.print(renderClaims(result, { color: stdout.color }));
}

/** As the file of claims calls it, wherever the project was when it was run. */
const scenarioOf = ({ scenario, project }: RunMeta) => projectPath(scenario.file, project);

function chooseRuns(claims: Claims, names: string[], last: number | undefined): ReadRun[] {
  const files = new Set(placesOf(claims).map((place) => place.file));
  const answers = (meta: RunMeta) => files.has(scenarioOf(meta));
  if (names.length === 0) return readNewest(last ?? Infinity, readJudged, (folder) => isWanted(folder, answers));
  const runs = names.map((name) => readRun(name, readJudged));
  for (const { value } of runs) {
    const { meta } = value;
    if (!answers(meta)) stderr.print(`${meta.id} is left out: no claim names ${scenarioOf(meta)}`);
  }
  return runs;
}

/** One whose beginning cannot be read is: reading all of it says what is wrong. */
function isWanted(folder: RunFolder, answers: (meta: RunMeta) => boolean): boolean {
  try {
    return answers(readMeta(folder));
  } catch {
    return true;
  }
}
