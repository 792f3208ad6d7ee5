/** `npm run image -- FOLDER`: what ci/Containerfile is built from. The suite as it is published, the packages of the lock file that it needs, and Node. */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';

const root = path.dirname(import.meta.dirname);
const [given] = process.argv.slice(2);
if (given === undefined) throw new Error('No folder is named. What to do: npm run image -- FOLDER');
// npm says where it was called from: it runs scripts in the package's own folder.
const into = path.resolve(process.env.INIT_CWD ?? '.', given);
if (existsSync(into) && readdirSync(into).length > 0)
  throw new Error(`${into} is not empty. What to do: name a new folder`);

mkdirSync(into, { recursive: true });
const packed = mkdtempSync(path.join(into, '.packed-'));
const { stdout } = await execa('npm', ['pack', '--silent', '--pack-destination', packed], {
  cwd: root,
  stderr: 'inherit',
});
const tarball = path.join(packed, stdout.trim().split('\n').at(-1)!);
await execa('tar', ['-x', '-f', tarball, '-C', packed]);
renameSync(path.join(packed, 'package'), path.join(into, 'app'));
rmSync(packed, { recursive: true });
copyFileSync(path.join(root, 'package-lock.json'), path.join(into, 'app', 'package-lock.json'));
// The packages' own install scripts compile what is not needed.
const install = ['ci', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
await execa('npm', install, { cwd: path.join(into, 'app'), stdio: 'inherit' });
copyFileSync(path.join(root, 'node_modules', 'node', 'bin', 'node'), path.join(into, 'node'));
copyFileSync(path.join(import.meta.dirname, 'Containerfile'), path.join(into, 'Dockerfile'));
console.log(`docker build --tag brownout ${into}`);
