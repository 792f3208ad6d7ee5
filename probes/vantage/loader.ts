/** The oldest Node that a prober runs on, there as here. */
export const OLDEST_NODE = { major: 22, minor: 18 };

/**
 * How Node is started there: it reads the prober from its standard input into its memory, and nothing is written to a disk. The text is
 * JavaScript that any Node can read, so that one that is too old can say so, and has no quotes and marks that a shell could take for its own.
 *
 * @param bytes length of the prober, gzipped, which is the first that comes; what follows is the prober's own input
 */
export function nodeArgv(bytes: number): string[] {
  const { major, minor } = OLDEST_NODE;
  const tooOld = `"Node " + process.versions.node + " is too old"`;
  const said = `{kind: "error", message: ${tooOld}, hint: "install Node ${major}.${minor} or later there"}`;
  const noInput = `{kind: "error", message: "its input ended before the prober was read", hint: "does the command pass its input on? docker and kubectl need -i"}`;
  const loader = [
    `const v = process.versions.node.split(".").map(Number), fs = require("fs");`,
    // A login may have written something without an end of line.
    `const end = (said) => { fs.writeSync(1, "\\n" + JSON.stringify(said) + "\\n"); process.exit(1); };`,
    `if (v[0] < ${major} || (v[0] === ${major} && v[1] < ${minor})) {`,
    `end(${said}); }`,
    // Not by an option of Node's: one that is too old knows it not, and ends before it can say so.
    `process.removeAllListeners("warning");`,
    // As here: a resolver that hangs must not keep other names from being looked up.
    `process.env.UV_THREADPOOL_SIZE = "32";`,
    `const code = Buffer.alloc(${bytes});`,
    `for (let at = 0; at < code.length;) {`,
    `let n; try { n = fs.readSync(0, code, at, code.length - at, null); }`,
    `catch (e) { if (e.code === "EAGAIN") { Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5); continue; } throw e; }`,
    `if (n === 0) end(${noInput}); at += n; }`,
    `new (require("vm").Script)(require("zlib").gunzipSync(code).toString(), {filename: "brownout-prober.js"}).runInThisContext()(require);`,
  ].join(' ');
  return ['node', '-e', loader];
}
