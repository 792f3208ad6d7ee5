/**
 * Where an invocation of `brownout run` keeps its results, `.brownout/invocations/<when>-<random>/`: a folder of its own, because several may go on in
 * one project at the same time. When it ends, its results also take the place of those before, where they are looked for: `.brownout/allure-results`
 * and `.brownout/allure-report`.
 */
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { linkOrCopy } from '../../disk/link-or-copy.ts';
import { ownerState, thisOwner } from '../../platforms/owner.ts';
import { withLock } from '../../processes/lock.ts';
import { keepToOwner } from '../../recording/folder.ts';

/** Of an invocation on another machine nobody knows whether it has ended; ms. */
const KEPT_IF_UNKNOWN = 86_400_000;

export class InvocationFolder {
  readonly #home: string;
  readonly dir: string;

  /** Makes one. `home` is the project's `.brownout`. */
  constructor(home = path.resolve('.brownout')) {
    const all = path.join(home, 'invocations');
    mkdirSync(all, { recursive: true, mode: OWNER_ONLY });
    this.#home = home;
    this.dir = mkdtempSync(path.join(all, `${new Date().toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}-`));
    writeFileSync(path.join(this.dir, OWNER), thisOwner(), { mode: 0o600 });
    mkdirSync(this.allureResults, { mode: OWNER_ONLY });
  }

  /** Removes those of invocations that have ended. Not for one that brings their results together. */
  removeEnded(): void {
    const all = path.dirname(this.dir);
    for (const name of readdirSync(all)) {
      const dir = path.join(all, name);
      if (hasEnded(dir)) rmSync(dir, { recursive: true, force: true });
    }
  }

  get allureResults(): string {
    return path.join(this.dir, 'allure-results');
  }

  get allureReport(): string {
    return path.join(this.dir, 'allure-report');
  }

  /** What journeys leave: screenshots, traces. */
  get testResults(): string {
    return path.join(this.dir, 'test-results');
  }

  /** One for all invocations of the project. */
  get allureHistory(): string {
    return path.join(this.#home, 'allure-history.jsonl');
  }

  /**
   * Makes the report and puts it and the results where they are looked for, one invocation after the other: Allure rewrites its history.
   *
   * @param report makes the report, in `allureReport`; undefined where none is wanted
   * @returns the report's pages, in this invocation's own folder
   */
  async publish<Pages extends Record<string, string>>(
    report: (() => Promise<Pages>) | undefined,
  ): Promise<Pages | undefined> {
    const project = createHash('sha256').update(this.#home).digest('hex').slice(0, 16);
    return withLock(`results-${project}`, 'publishing results', async () => {
      keepToOwner(this.dir);
      this.#publishResults();
      const pages = await report?.();
      for (const written of [this.allureReport, this.allureHistory]) keepToOwner(written);
      for (const page of Object.values(pages ?? {})) publishFile(page, this.published(page));
      return pages;
    });
  }

  /** Where a page of this invocation's report is looked for, until the next invocation's takes its place. */
  published(page: string): string {
    return path.join(this.#home, 'allure-report', path.relative(this.allureReport, page));
  }

  #publishResults(): void {
    const published = path.join(this.#home, 'allure-results');
    const fresh = `${published}.new`;
    rmSync(fresh, { recursive: true, force: true });
    mkdirSync(fresh, { mode: OWNER_ONLY });
    for (const name of readdirSync(this.allureResults))
      linkOrCopy(path.join(this.allureResults, name), path.join(fresh, name));
    rmSync(published, { recursive: true, force: true });
    renameSync(fresh, published);
  }
}

const OWNER = 'owner';
/** Results say what recordings say. */
const OWNER_ONLY = 0o700;

function hasEnded(dir: string): boolean {
  try {
    const owner = path.join(dir, OWNER);
    // Another one that begins now may not have said yet whose it is.
    const state = existsSync(owner) ? ownerState(readFileSync(owner, 'utf8')) : 'elsewhere';
    return state === 'gone' || (state === 'elsewhere' && Date.now() - statSync(dir).mtimeMs > KEPT_IF_UNKNOWN);
  } catch {
    // Another one that begins now has removed it.
    return false;
  }
}

/** Whoever reads meanwhile has the old one or the new one, whole. */
function publishFile(from: string, to: string): void {
  mkdirSync(path.dirname(to), { recursive: true, mode: OWNER_ONLY });
  rmSync(`${to}.new`, { force: true });
  linkOrCopy(from, `${to}.new`);
  renameSync(`${to}.new`, to);
}
