/**
 * How long whatever is asked of a platform may take. The suite's own platforms have limits of their own, which are shorter; one of a project
 * may wait for what never comes, and no command waits with it.
 */
import { within } from '../units/within.ts';
import type { Platform } from './platform.ts';

const MINUTE = 60_000;
/** What changes nothing, ms. */
const QUESTION = 2 * MINUTE;
/** An act, ms; making guests of images takes the longest. */
const ACT = 10 * MINUTE;
const DEPLOY = 30 * MINUTE;
/** What is told how long it may take gets so much more, ms. */
const MORE = MINUTE;
/** ms. */
const CLOSING = 10_000;
/** What a program in a member may take where nobody says, ms. */
const PROGRAM = 10_000;

const HINT = 'It was given up. Does its platform wait for something that never comes?';

/** Waits for what a part of a project is asked, which changes nothing. Rejects with OperatorError, naming it, after two minutes. */
export function answered<T>(what: string, ask: () => Promise<T>): Promise<T> {
  return settled(what, QUESTION, ask);
}

/** The same platform: each of its answers comes in time, or is an OperatorError that names the question or the act. */
export function withLimits(platform: Platform): Platform {
  const limits = limitsOf(platform);
  return new Proxy(platform, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function') return value;
      return (Object.hasOwn(limits, key) && limits[key as keyof Platform]) || value.bind(target);
    },
  });
}

function limitsOf(platform: Platform): Partial<Platform> {
  const { kind } = platform;
  const ask = <T>(what: string, work: () => Promise<T>) => answered(`${kind}: ${what}`, work);
  return {
    inspect: () => ask('inspecting the cluster', () => platform.inspect()),
    members: (...of) => ask(`the members of ${of[0]}`, () => platform.members(...of)),
    answers: (node) => ask(`whether ${node} answers`, () => platform.answers(node)),
    condition: (member) => ask(`the condition of ${member.id}`, () => platform.condition(member)),
    query: (query) => ask(query.verb, () => platform.query(query)),
    snapshot: () => ask('the state of the cluster', () => platform.snapshot()),
    leftovers: (run) => ask('what runs have left', () => platform.leftovers(run)),
    lockHolder: () => ask('who holds the lock', () => platform.lockHolder()),
    ...(platform.mayDeploy && {
      mayDeploy: (...of) => ask('whether it can be deployed', () => platform.mayDeploy!(...of)),
    }),
    ...(platform.lastWord && { lastWord: (node) => ask(`the last word of ${node}`, () => platform.lastWord!(node)) }),
    ...(platform.rights && { rights: (verbs) => ask('the rights of the account', () => platform.rights!(verbs)) }),
    untilReady: (deployment, timeout, ...more) =>
      settled(`${kind}: until ${deployment.namespace} is ready`, timeout + MORE, () =>
        platform.untilReady(deployment, timeout, ...more),
      ),
    exec: (member, argv, options = {}) =>
      settled(`${kind}: ${argv[0]} in ${member.id}`, (options.timeout ?? PROGRAM) + MORE, () =>
        platform.exec(member, argv, options),
      ),
    perform: (act, ...more) =>
      settled(`${kind}: ${act.verb}`, act.verb === 'deploy' ? DEPLOY : ACT, () => platform.perform(act, ...more)),
    // All is done and told by then, whether or not it closes.
    close: () => settled(`${kind}: closing`, CLOSING, () => platform.close()).catch(() => undefined),
  };
}

/** One that throws at once rejects, too. */
function settled<T>(what: string, longest: number, work: () => Promise<T>): Promise<T> {
  return within(longest, what, Promise.resolve().then(work), HINT);
}
