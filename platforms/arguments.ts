import { OperatorError } from '../units/operator-error.ts';
import { fitsPattern } from '../units/pattern.ts';
import type { Act } from './platform.ts';

/** Patterns of the cluster file. */
interface Allow {
  nodes: string[];
  namespaces: string[];
}

/** The arguments of an act: flat data that may come from a journal on disk, so nothing is taken on trust. */
export class Arguments {
  readonly #act: Act;
  readonly #allow: Allow;

  constructor(act: Act, allow: Allow) {
    this.#act = act;
    this.#allow = allow;
  }

  has(name: string): boolean {
    return this.#act.args[name] !== undefined;
  }

  text(name: string): string {
    const value = this.#act.args[name];
    if (typeof value === 'string' && value !== '') return value;
    throw this.#wrong(name, 'a text');
  }

  optional(name: string): string | undefined {
    return this.has(name) ? this.text(name) : undefined;
  }

  /** Allowed by the cluster file, whoever asks; and plain enough to be a folder's name. */
  namespace(name = 'namespace'): string {
    const namespace = this.text(name);
    if (!/^[a-z0-9][a-z0-9_-]*$/i.test(namespace)) throw this.#wrong(name, 'letters, digits, _ and -');
    if (fitsPattern(namespace, this.#allow.namespaces)) return namespace;
    throw this.#outside(`namespace ${namespace}`, 'allow.namespaces');
  }

  /** Allowed by the cluster file, whoever asks. */
  node(): string {
    const node = this.text('node');
    if (fitsPattern(node, this.#allow.nodes)) return node;
    throw this.#outside(`node ${node}`, 'allow.nodes');
  }

  oneOf<T extends string>(name: string, choices: readonly T[]): T {
    const value = this.text(name);
    const choice = choices.find((candidate) => candidate === value);
    if (choice) return choice;
    throw this.#wrong(name, choices.join(' | '));
  }

  list(name: string): string[] {
    const value = this.#act.args[name];
    if (Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'string')) return value;
    throw this.#wrong(name, 'a list of texts');
  }

  record(name: string): Record<string, string> {
    const value = this.#act.args[name];
    const entries =
      typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : undefined;
    if (entries?.every(([, item]) => typeof item === 'string')) return value as Record<string, string>;
    throw this.#wrong(name, 'a map of texts');
  }

  /** What the act is about, for a message. */
  subject(): string {
    const { node, namespace, service, member, name, run } = this.#act.args;
    return [node, namespace, service, member, name, run].filter((value) => typeof value === 'string').join(' ');
  }

  #outside(what: string, list: string): OperatorError {
    return new OperatorError(`${this.#act.verb}: ${what} is outside ${list} of the cluster file`, {
      hint: 'nothing outside is ever touched',
    });
  }

  #wrong(name: string, expected: string): OperatorError {
    return new OperatorError(`${this.#act.verb}: argument '${name}' is ${JSON.stringify(this.#act.args[name])}`, {
      hint: `expected ${expected}`,
    });
  }
}
