import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  globSync,
  lstatSync,
  mkdirSync,
  readFileSync,
} from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'

interface Instruction {
  name: string
  text: string
}

/** A Dockerfile's instructions in order: comments dropped, continued lines joined. */
export function readDockerfile(path: string): Instruction[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n')
    .replaceAll('\\\n', ' ')
    .split('\n')
    .flatMap((line) => {
      const [, name, text] = /^([A-Z]+) +(.*)$/.exec(line.trim()) ?? []
      return name === undefined || text === undefined ? [] : [{ name, text: text.trim() }]
    })
}

/** What an image says about how it runs, and the folder that stands for its root. */
export interface Built {
  root: string
  cwd: string
  env: Record<string, string>
  user: string | undefined
  command: string[]
  healthcheck: string[]
}

/** Folders of the image that its commands name: each is a folder below the stage's root. */
const ownFolders = /(?<![\w./-])\/(app|backups|data|usr\/local\/bin)\b/g

/**
 * Runs a Dockerfile's steps without an engine: each stage is a folder, `COPY` copies, `RUN` runs with the image's absolute
 * paths turned into the stage's. What the base image gives, Node, comes from `nodeFolder`. Throws when a step fails.
 */
export function runDockerfile(
  instructions: readonly Instruction[],
  { context, folder, nodeFolder }: { context: string; folder: string; nodeFolder: string },
): Built {
  const stages = new Map<string, Built>()
  let built: Built | undefined
  const at = (path: string): string =>
    path.startsWith('/') ? join(built!.root, path) : resolve(built!.root + built!.cwd, path)

  for (const { name, text } of instructions) {
    if (name === 'FROM') {
      const [, alias] = / AS (\w+)$/.exec(text) ?? []
      built = {
        root: join(folder, alias ?? 'final'),
        cwd: '/',
        env: {},
        user: undefined,
        command: [],
        healthcheck: [],
      }
      stages.set(alias ?? 'final', built)
      mkdirSync(join(built.root, 'usr/local/bin'), { recursive: true })
    } else if (!built) throw new Error(`${name} before FROM`)
    else if (name === 'WORKDIR') {
      built.cwd = text
      mkdirSync(at(text), { recursive: true })
    } else if (name === 'ENV') {
      for (const pair of text.split(/ +/)) {
        const [key = '', value = ''] = pair.split('=')
        built.env[key] = value
      }
    } else if (name === 'COPY') {
      const words = text.split(/ +/)
      const [, from] = /^--from=(\w+)$/.exec(words[0]!) ?? []
      const sources = words.slice(from === undefined ? 0 : 1, -1)
      const target = words.at(-1)!
      for (const source of sources) {
        const found =
          from === undefined ? resolve(context, source) : join(stages.get(from)!.root, source)
        const into = target.endsWith('/') ? join(at(target), basename(source)) : at(target)
        cpSync(found, into, { recursive: true })
      }
    } else if (name === 'RUN') {
      run(built, text, nodeFolder)
    } else if (name === 'USER') built.user = text
    else if (name === 'CMD') built.command = JSON.parse(text) as string[]
    else if (name === 'HEALTHCHECK') {
      built.healthcheck = JSON.parse(text.slice(text.indexOf('['))) as string[]
    } else if (!['ARG', 'EXPOSE', 'LABEL', 'STOPSIGNAL', 'VOLUME'].includes(name)) {
      throw new Error(`This test does not know the instruction ${name}`)
    }
  }
  return stages.get('final')!
}

const { NODE_ENV: _test, NODE_OPTIONS: _options, ...machine } = process.env

function run({ root, cwd, env }: Built, text: string, nodeFolder: string): void {
  const command = text
    .replaceAll(ownFolders, `${root}/$1`)
    .replaceAll('chown node:node', process.getuid?.() === 0 ? 'chown 65534:65534' : 'true')
  const { status, stdout, stderr } = spawnSync('sh', ['-ec', command], {
    cwd: join(root, cwd),
    encoding: 'utf8',
    // A build reaches the registry as the machine does: through its proxy, trusting its certificates.
    env: { ...machine, ...env, PATH: `${nodeFolder}:${machine['PATH'] ?? ''}` },
  })
  if (status !== 0) throw new Error(`RUN ${text}\nended with ${status}\n${stdout}\n${stderr}`)
}

/** What `.dockerignore` lets into the build, copied to a folder of its own. */
export function copyContext(from: string, to: string): void {
  const lines = readFileSync(join(from, '.dockerignore'), 'utf8').split('\n')
  if (lines[0] !== '*') throw new Error('.dockerignore must begin with *')
  for (const line of lines.slice(1)) {
    const [, path] = /^!(.+)$/.exec(line) ?? []
    if (path !== undefined && existsSync(join(from, path))) {
      mkdirSync(dirname(join(to, path)), { recursive: true })
      cpSync(join(from, path), join(to, path), { recursive: true })
    }
  }
}

/** Takes write permission away from everything but the data folder. */
export function makeReadOnly({ root }: Built): void {
  for (const path of globSync('**/*', { cwd: root, exclude: ['data', 'data/**'] })) {
    const full = join(root, path)
    // A link has no mode of its own.
    if (existsSync(full) && !lstatSync(full).isSymbolicLink()) chmodSync(full, 0o555)
  }
}
