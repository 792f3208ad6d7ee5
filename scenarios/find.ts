/** Which scenario files are meant by files, folders and files of claims. */
import path from 'node:path';
import { type Diagnostic, FileError } from '../files/diagnostic.ts';
import { findYaml } from '../files/find.ts';
import { list } from '../files/validate.ts';
import { readYaml, type YamlFile } from '../files/yaml.ts';
import type { Cluster } from '../platforms/cluster.ts';
import { registeredPlatforms } from '../platforms/index.ts';
import { NotOffered } from '../platforms/platform.ts';
import { isClaimsFile, mayMean, placesOf, toClaims } from './claims.ts';

/** A scenario file that is to be run. */
export interface ScenarioUse {
  file: string;
  /** The platforms for which claims ask it; on all unless some do. */
  on?: string[];
}

const NOTHING = 'no claim names a scenario: there is nothing to run';
const NAME_ONE = 'a claim names one under `answers` or `compared`';

/**
 * The scenario files that paths stand for, in their order. A folder stands for all in it, and a file of claims for the scenarios that
 * answer them, on the platforms that they name: those are also not run elsewhere when they are in that folder. Throws FileError for a path that
 * does not exist, for a file of claims with a mistake, and where no scenario is meant at all.
 */
export async function findScenarioUses(paths: readonly string[]): Promise<ScenarioUse[]> {
  const files = findYaml(paths);
  const uses = new Map<string, ScenarioUse>();
  const asked = new Map<string, Set<string>>();
  const unanswered: Diagnostic[] = [];
  for (const file of files) {
    const yaml = parsed(file);
    if (!yaml || !isClaimsFile(yaml)) {
      uses.set(path.resolve(file), { file });
      continue;
    }
    const places = placesOf(await toClaims(yaml));
    if (places.length === 0) unanswered.push(yaml.source.diagnostic(yaml.key(['claims']), NOTHING, NAME_ONE));
    for (const place of places) {
      const key = path.resolve(place.file);
      if (!uses.has(key)) uses.set(key, { file: place.file });
      const platforms = asked.get(key) ?? new Set();
      for (const platform of place.on ?? Object.keys(registeredPlatforms())) platforms.add(platform);
      asked.set(key, platforms);
    }
  }
  if (uses.size === 0) throw new FileError(unanswered);
  return [...uses].map(([key, use]) => {
    const platforms = asked.get(key);
    return platforms ? { ...use, on: [...platforms] } : use;
  });
}

/** The same, without where claims ask them. */
export async function findScenarios(paths: readonly string[]): Promise<string[]> {
  return (await findScenarioUses(paths)).map(({ file }) => file);
}

/** Claims ask a scenario of some platforms alone. Throws NotOffered on another one. */
export function requireAsked(on: readonly string[] | undefined, { platform }: Cluster): void {
  if (on && !on.includes(platform))
    throw new NotOffered(`the claims that it answers ask it of ${list(on, 'and')} alone`);
}

/**
 * Every file that is read for these paths, or might be, as far as that can be said before a project's parts are loaded: what a path that is wrong, or a
 * file with a mistake, may have meant is among them.
 */
export function filesFor(paths: readonly string[]): string[] {
  return paths.flatMap(yamlFor).flatMap((file) => {
    const yaml = parsed(file);
    return yaml && isClaimsFile(yaml) ? [file, ...mayMean(yaml)] : [file];
  });
}

function yamlFor(given: string): string[] {
  try {
    return findYaml([given]);
  } catch (error) {
    if (error instanceof FileError) return [];
    throw error;
  }
}

/** What is wrong with it is told by whoever reads it as what it is. */
function parsed(file: string): YamlFile | undefined {
  try {
    return readYaml(file);
  } catch (error) {
    if (error instanceof FileError) return undefined;
    throw error;
  }
}
