// Runs the steps of the Dockerfile without Docker: each stage in a clean folder, its COPY and RUN lines as they stand there. Then
// the image's own command serves on another port, must answer, and must stop on SIGTERM.
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const lines = (name) =>
  readFileSync(join(root, name), 'utf8')
    .split('\n')
    .filter((line) => /^[^#\s]/.test(line));
const ignored = new Set(lines('.dockerignore'));
const work = mkdtempSync(join(tmpdir(), 'millrace-image-'));
const stages = new Map();
let stage;

/** A path of the image, in the folder that stands for its stage. */
const inside = (path, at = stage) => join(at.folder, path.startsWith('/') ? path : join(at.cwd, path));

function copy(words) {
  const from = words[0].startsWith('--from=') ? stages.get(words.shift().slice('--from='.length)) : undefined;
  const target = words.pop();
  for (const source of words) {
    const path = from === undefined ? join(root, source) : inside(source, from);
    const isWhole = source === '.' || (!target.endsWith('/') && words.length === 1);
    cpSync(path, isWhole ? inside(target) : join(inside(target), basename(source)), {
      recursive: true,
      verbatimSymlinks: true,
      filter: (each) => from !== undefined || !ignored.has(relative(root, each)),
    });
  }
}

const instructions = {
  FROM: (rest) => {
    const [, name] = rest.split(/ AS /i);
    stage = { folder: join(work, String(stages.size)), cwd: '/', command: [] };
    mkdirSync(stage.folder);
    stages.set(name ?? 'final', stage);
  },
  WORKDIR: (rest) => {
    stage.cwd = rest;
    mkdirSync(inside(rest), { recursive: true });
  },
  COPY: (rest) => copy(rest.split(/\s+/)),
  RUN: (rest) => {
    // What is made for the image's own user lies outside the stage's folder: it needs the image's root.
    if (/\bchown\b/.test(rest)) return;
    const env = { ...process.env, CI: undefined, NODE_ENV: undefined };
    const { status } = spawnSync('sh', ['-c', rest], { cwd: inside(stage.cwd), env, stdio: 'inherit' });
    if (status !== 0) throw new Error(`RUN ${rest} ended with ${String(status)}`);
  },
  ENTRYPOINT: (rest) => stage.command.unshift(...JSON.parse(rest)),
  CMD: (rest) => stage.command.push(...JSON.parse(rest)),
  USER: () => undefined,
  EXPOSE: () => undefined,
  VOLUME: () => undefined,
  HEALTHCHECK: (rest) => {
    stage.health = JSON.parse(rest.slice(rest.indexOf('CMD ') + 'CMD '.length));
  },
};

const url = 'http://127.0.0.1:18089';
/** The status of the image's own HEALTHCHECK. */
function health() {
  const [command, ...args] = stage.health.map((arg) => arg.replace('http://127.0.0.1:8088', url));
  return spawnSync(command, args, { cwd: inside(stage.cwd), stdio: 'inherit' }).status;
}

async function serves() {
  const [command, ...args] = stage.command.map((arg) =>
    arg === 'http://0.0.0.0:8088' ? url : arg === '/state' ? join(work, 'state') : arg,
  );
  const server = spawn(command, args, { cwd: inside(stage.cwd), stdio: 'inherit' });
  const ended = new Promise((resolve) => server.on('exit', resolve));
  try {
    for (let attempt = 0; ; attempt++) {
      const answer = await fetch(`${url}/info`).catch(() => undefined);
      if (answer?.ok) {
        console.log(await answer.text());
        break;
      }
      if (attempt === 100 || server.exitCode !== null) throw new Error('the server does not answer');
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    for (let attempt = 0; health() !== 0; attempt++) if (attempt === 100) throw new Error('HEALTHCHECK fails');
  } finally {
    server.kill('SIGTERM');
  }
  const code = await ended;
  if (code !== 0) throw new Error(`the server ended with ${String(code)}`);
  if (health() !== 1) throw new Error('HEALTHCHECK says that a server is well that has ended');
}

try {
  for (const line of lines('Dockerfile')) {
    const [word, ...rest] = line.split(' ');
    console.log(`== ${line}`);
    if (instructions[word] === undefined) throw new Error(`an instruction that this script does not know: ${word}`);
    instructions[word](rest.join(' '));
  }
  await serves();
} finally {
  rmSync(work, { recursive: true, force: true });
}
