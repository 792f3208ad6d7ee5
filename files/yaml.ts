import {
  type Alias,
  Composer,
  type CST,
  type Document,
  isAlias,
  isMap,
  isScalar,
  Lexer,
  type ParsedNode,
  Parser,
  type Scalar,
  visit,
  type YAMLError,
  YAMLParseError,
} from 'yaml';
import { type Diagnostic, FileError, throwIfAny } from './diagnostic.ts';
import { isReference, isSecretKey, secretsInText, tellingSecrets } from './secret.ts';
import { type Finding, readSource, type Source, type Span } from './source.ts';

/** Where a value is inside a file: keys and list positions from the top. */
export type Path = readonly (string | number)[];

/** A parsed YAML file: its plain value, and where each part of it stands. */
export interface YamlFile {
  source: Source;
  value: unknown;
  /** Where the value stands, or, when it is missing, the nearest key above it. */
  at(path: Path): Span;
  /** Where its key stands; the value itself where it has none (list items). */
  key(path: Path): Span;
}

/** Far above any real file, and low enough to stop aliases of aliases of aliases early. */
const MOST_NODES = 10_000;
const DEEPEST = 32;
const TOO_DEEP = `nested more than ${DEEPEST} levels deep`;

/** Reads one YAML 1.2 document (core schema). Throws FileError. */
export function readYaml(file: string): YamlFile {
  return parseYaml(readSource(file));
}

export function parseYaml(source: Source): YamlFile {
  const document = compose(source);
  // What follows the first syntax error is mostly its echo.
  const broken = document.errors[0] ?? document.warnings[0];
  if (broken) throw new FileError([syntaxDiagnostic(source, document, broken)]);
  if (document.directives?.yaml.explicit && document.directives.yaml.version !== '1.2') {
    const at = source.text.indexOf('%YAML');
    throw new FileError([source.diagnostic([at, at + 5], 'expected YAML 1.2', 'leave the %YAML line out')]);
  }
  const root = document.contents;
  if (root === null || (isScalar(root) && root.source === '')) {
    throw new FileError([{ file: source.file, line: 1, column: 1, message: 'the file is empty' }]);
  }
  const reader = new Reader(source);
  const value = reader.read(root, [], false);
  throwIfAny(source.diagnostics(reader.findings));
  source.hidden = [...reader.secrets, ...tellingSecrets(source.text)];
  return { source, value, at: (path) => reader.place(path).value, key: (path) => reader.place(path).key };
}

function compose(source: Source): Document.Parsed {
  const composer = new Composer({
    version: '1.2',
    schema: 'core',
    prettyErrors: false,
    // Compared by the reader below: the library compares every key with every other one.
    uniqueKeys: false,
    // No binary, no sets, no dates: what is not text, number, truth, list or map is an error.
    resolveKnownTags: false,
  });
  const documents = composer.compose(tokens(source), true, source.text.length);
  // Told to, it makes a document of nothing at all too.
  const first = documents.next().value as Document.Parsed;
  const second = documents.next().value as Document.Parsed | undefined;
  if (second) first.errors.push(new YAMLParseError([second.range[0], second.range[1]], 'MULTIPLE_DOCS', ''));
  return first;
}

/**
 * The text for the composer, which calls itself for what is inside: what is nested too deep is refused before it overflows
 * the stack there, or fills the memory.
 */
function* tokens(source: Source): Generator<CST.Token> {
  const parser = new Parser();
  for (const lexeme of new Lexer().lex(source.text)) {
    yield* parser.next(lexeme);
    // A collection in a collection at the deepest place has values beyond it.
    if (parser.stack.length > DEEPEST && parser.stack.filter(isCollection).length > DEEPEST + 1) {
      const from = parser.offset - lexeme.length;
      throw new FileError([source.diagnostic([from, parser.offset], TOO_DEEP)]);
    }
  }
  yield* parser.end();
}

function isCollection({ type }: CST.Token): boolean {
  return type === 'block-map' || type === 'block-seq' || type === 'flow-collection';
}

type ValueNode = Exclude<ParsedNode, Alias.Parsed>;

interface Place {
  key: Span;
  value: Span;
}

/** Before anything was read. */
const NOWHERE: Place = { key: [0, 0], value: [0, 0] };

/** Turns nodes into plain values, noting where each stands. */
class Reader {
  readonly findings: Finding[] = [];
  readonly secrets: Span[] = [];
  readonly #source: Source;
  readonly #places = new Map<string, Place>();
  /** Known once complete: an alias inside its own anchor finds nothing, so there are no cycles. */
  readonly #anchors = new Map<string, ValueNode>();
  #nodes = 0;

  constructor(source: Source) {
    this.#source = source;
  }

  place(path: Path): Place {
    const own = this.#places.get(JSON.stringify(path));
    if (own || path.length === 0) return own ?? NOWHERE;
    const { key } = this.place(path.slice(0, -1));
    return { key, value: key };
  }

  read(node: ParsedNode, path: Path, secret: boolean): unknown {
    const span: Span = [node.range[0], node.range[1]];
    if (++this.#nodes > MOST_NODES)
      this.#refuse(span, `more than ${MOST_NODES} values, aliases counted where they are used`);
    if (path.length > DEEPEST) this.#refuse(span, TOO_DEEP);
    this.#note(path, span);
    if (isAlias(node)) {
      const meant = this.#anchors.get(node.source);
      if (!meant)
        this.#refuse(span, 'no anchor of this name stands before the alias', 'a text that begins with * needs quotes');
      return this.#inside(meant, path, secret);
    }
    const value = this.#inside(node, path, secret);
    if (node.anchor) this.#anchors.set(node.anchor, node);
    return value;
  }

  #inside(node: ValueNode, path: Path, secret: boolean): unknown {
    if (isScalar(node)) {
      this.#hide(node, secret);
      return node.value;
    }
    if (!isMap(node)) return node.items.map((item, index) => this.read(item as ParsedNode, [...path, index], secret));
    // Without a prototype, so that a key such as `constructor` is only what the file says.
    const map: Record<string, unknown> = Object.create(null);
    for (const { key, value } of node.items) {
      const name = this.#name(key);
      const place = [...path, name];
      const keySpan: Span = [key.range[0], key.range[1]];
      if (name in map) {
        const line = this.#source.lineAt(this.place(place).key[0]);
        this.findings.push({ span: keySpan, message: `'${name}' is given twice`, hint: `first in line ${line}` });
        continue;
      }
      this.#places.set(JSON.stringify(place), { key: keySpan, value: keySpan });
      map[name] = value === null ? null : this.read(value, place, secret || isSecretKey(name));
    }
    return map;
  }

  #hide({ value, range: [from, to] }: Scalar.Parsed, secret: boolean): void {
    if (secret && value !== null && !isReference(String(value))) this.secrets.push([from, to]);
    // A misplaced quote or | can turn what was meant as keys into text.
    const lines =
      typeof value === 'string' && value.includes('\n') ? secretsInText(this.#source.text.slice(from, to)) : [];
    for (const [start, end] of lines) this.secrets.push([from + start, from + end]);
  }

  #name(key: ParsedNode): string {
    const span: Span = [key.range[0], key.range[1]];
    if (!isScalar(key))
      this.#refuse(span, 'expected a plain word as key', 'text that has braces or begins with * needs quotes');
    const name = typeof key.value === 'string' ? key.value : (key.source ?? '');
    if (name === '') this.#refuse(span, 'there is no key before the colon');
    if (name === '__proto__') this.#refuse(span, `'${name}' cannot be a key`);
    return name;
  }

  #note(path: Path, value: Span): void {
    const known = this.#places.get(JSON.stringify(path));
    // An empty value (`key:` and nothing) is shown at its key.
    const shown = value[0] === value[1] && known ? known.key : value;
    this.#places.set(JSON.stringify(path), { key: known?.key ?? shown, value: shown });
  }

  #refuse(span: Span, message: string, hint?: string): never {
    throw new FileError([this.#source.diagnostic(span, message, hint)]);
  }
}

/** The library's errors in our words. Its own texts can repeat parts of the file, secrets among them. */
function syntaxDiagnostic(source: Source, document: Document.Parsed, error: YAMLError): Diagnostic {
  if (error.message.startsWith('Missing closing')) {
    // The library points at the end of the file; the quote that was never closed is the last one it opened.
    let opened = error.pos[0];
    visit(document, {
      Scalar(_, { type, range }) {
        if (type?.startsWith('QUOTE') && range) opened = range[0];
      },
    });
    return source.diagnostic([opened, opened + 1], 'this quote is never closed');
  }
  if (error.code === 'BAD_INDENT' && error.message.startsWith('Flow')) {
    return source.diagnostic(error.pos, 'a bracket that was opened above is not closed before this');
  }
  const [message, hint] = SYNTAX[error.code];
  return source.diagnostic(error.pos, message, hint);
}

const SYNTAX: Record<YAMLError['code'], [message: string, hint?: string]> = {
  ALIAS_PROPS: ['an alias stands for itself: no anchor or tag before it'],
  BAD_ALIAS: ['not a valid anchor or alias name', 'a text that begins with & or * needs quotes'],
  BAD_COLLECTION_TYPE: ['this tag does not fit a list or map', 'leave the tag out'],
  BAD_DIRECTIVE: ['unknown % directive', 'leave the line out'],
  BAD_DQ_ESCAPE: ['unknown escape after \\', "use single quotes: '…' takes every character as it is"],
  BAD_INDENT: [
    'the indentation does not fit the lines above',
    'keys of one map, and items of one list, start in the same column',
  ],
  BAD_PROP_ORDER: ['anchor or tag in the wrong place'],
  BAD_SCALAR_START: ['a value cannot start with this character', 'put it in quotes'],
  BLOCK_AS_IMPLICIT_KEY: [
    'a second `key:` in the same line',
    'start a new line, or put text that has a colon in quotes',
  ],
  BLOCK_IN_FLOW: ['an indented map or list cannot stand inside { } or [ ]'],
  DUPLICATE_KEY: ['the key is given twice'],
  IMPOSSIBLE: ['not YAML'],
  KEY_OVER_1024_CHARS: ['a key of more than 1024 characters'],
  MISSING_CHAR: [
    'a separator or closing character is missing here',
    'look for an unclosed quote or bracket, or `key: value` without its colon and space',
  ],
  MULTILINE_IMPLICIT_KEY: ['expected `key: value` in one line', 'is the colon missing, or the space after it?'],
  MULTIPLE_ANCHORS: ['more than one anchor'],
  MULTIPLE_DOCS: ['a second document begins here', 'one file holds one: leave the --- out'],
  MULTIPLE_TAGS: ['more than one tag'],
  NON_STRING_KEY: ['expected a plain word as key'],
  RESOURCE_EXHAUSTION: ['nested too deep'],
  TAB_AS_INDENT: ['a tab in the indentation', 'indent with spaces'],
  TAG_RESOLVE_FAILED: ['this tag or value is not plain YAML', 'leave the tag (!…) out'],
  UNEXPECTED_TOKEN: ['this cannot stand here', 'is a quote, a bracket or a comma missing, or one too many?'],
};
