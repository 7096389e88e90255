import { defineConfig, type OxlintOverride } from 'oxlint'

/**
 * Which rooms a room may import, floor by floor: each only from the floors before it, and none that it does without. What is
 * not listed stays closed; files directly in src/, src/terminal/ and src/texts/ are open to all.
 */
export const mayUse: Record<string, readonly string[]> = {
  frappe: [],
  bridge: [],
  db: [],
  html: [],

  sandbox: ['html'],
  mail: ['html'],

  vault: ['db'],
  audit: ['db'],
  calls: ['db'],
  cluster: ['db'],
  transactions: ['bridge'],

  auth: ['db', 'vault', 'audit'],
  ownership: ['auth', 'bridge', 'db', 'vault'],

  backup: ['auth', 'cluster', 'db', 'vault'],
  connect: ['auth', 'bridge', 'ownership', 'db', 'vault'],
  webhooks: ['bridge', 'db', 'vault', 'audit'],
  erasure: ['bridge', 'ownership', 'db'],
  export: ['db', 'vault'],
  apply: ['auth', 'connect', 'webhooks', 'db'],
  retention: ['db'],
  jobs: ['bridge', 'connect', 'mail', 'ownership', 'db', 'vault'],
  metrics: ['bridge', 'cluster', 'db'],
  sockets: [],
  demo: ['auth', 'db', 'vault'],

  explain: ['auth', 'connect', 'webhooks', 'db', 'vault'],
  doctor: ['auth', 'backup', 'bridge', 'cluster', 'connect', 'mail', 'webhooks', 'db'],
  alerts: ['bridge', 'db', 'doctor'],
  openapi: ['bridge', 'frappe', 'html'],
  routes: [
    'auth',
    'bridge',
    'cluster',
    'connect',
    'demo',
    'erasure',
    'frappe',
    'html',
    'metrics',
    'openapi',
    'ownership',
    'transactions',
    'webhooks',
    'db',
    'vault',
  ],
  console: [
    'auth',
    'bridge',
    'cluster',
    'connect',
    'doctor',
    'explain',
    'frappe',
    'html',
    'webhooks',
    'db',
    'vault',
  ],
  portal: ['auth', 'connect', 'console', 'html', 'webhooks', 'db', 'vault'],
  cli: [
    'apply',
    'auth',
    'backup',
    'bridge',
    'cluster',
    'connect',
    'console',
    'doctor',
    'erasure',
    'explain',
    'export',
    'ownership',
    'retention',
    'webhooks',
    'db',
    'vault',
    'audit',
  ],
}

/** The rooms that serve requests themselves; elsewhere Fastify's values belong in plugin.ts. */
const serving = new Set(['frappe', 'routes', 'sandbox'])

/** Only src/terminal/terminal.ts writes to it, for it makes inert what tenants named. */
const terminal = ['stdout', 'stderr'].map((property) => ({
  object: 'process',
  property,
  message: 'Use src/terminal/terminal.ts.',
}))

const aroundTerminal: Pattern = {
  group: ['process', 'node:process', 'node:console', 'node:tty'],
  message: 'Use src/terminal/terminal.ts, and the global process.',
}

/** As a pattern it would mean our room of that name too. */
const nodesConsole = { name: 'console', message: 'Use src/terminal/terminal.ts.' }

type Pattern = { group: string[]; message: string; allowTypeImports?: boolean }

const only = (files: string, patterns: Pattern[]): OxlintOverride => ({
  files: [files],
  rules: {
    'no-restricted-imports': [
      'error',
      { paths: [nodesConsole], patterns: [...patterns, aroundTerminal] },
    ],
  },
})

/** Which engine keeps the rows is known to src/db/open.ts alone; what lies in files is the backup's business too. */
const engines = (room?: string): Pattern[] =>
  room === 'db'
    ? []
    : [
        {
          group: [
            ...(room === 'backup'
              ? ['**/db/sqlite/*.ts', '**/db/sqlite/{operations,schema}/**']
              : ['**/db/sqlite/**']),
            '**/db/postgres/**',
            'better-sqlite3',
            'pg',
            'drizzle-orm',
            'drizzle-orm/**',
          ],
          message: 'Use src/db/open.ts, and the port of src/db/store.ts.',
        },
      ]

/** What each folder of src/db may not use: engines do not know each other, and a rule knows none of them. */
const engineFolders = {
  sqlite: ['**/postgres/**', 'pg', 'drizzle-orm/pg-core', 'drizzle-orm/node-postgres'],
  postgres: ['**/sqlite/**', 'better-sqlite3', 'drizzle-orm/sqlite-core'],
  rules: [
    '**/sqlite/**',
    '**/postgres/**',
    'better-sqlite3',
    'pg',
    'drizzle-orm',
    'drizzle-orm/**',
  ],
}

/** One process has one client: two would not share their quota and tokens. */
const building: Pattern = {
  group: ['**/bridge/client.ts', '**/bridge/transport/http.ts'],
  allowTypeImports: true,
  message: 'Only bridge/plugin.ts and cli/installation.ts build the Bridge client.',
}

/** What is for all rooms is loaded by all: it draws in none of them. */
const rooms: Pattern = {
  group: Object.keys(mayUse).map((room) => `**/${room}/**`),
  message: 'Only app.ts and server.ts import rooms.',
}

// A later override replaces a rule's options, so each entry is whole.
const directions = Object.entries(mayUse).flatMap(([room, allowed]) => {
  const closed = Object.keys(mayUse).filter((name) => name !== room && !allowed.includes(name))
  const inward: Pattern[] = [
    {
      group: closed.map((name) => `**/${name}/**`),
      message: `${room} may not import this room.`,
    },
    ...engines(room),
  ]
  const walled = room === 'bridge' ? inward : [...inward, building]
  const fastify: Pattern = {
    group: ['fastify', 'fastify-plugin', '@fastify/*'],
    allowTypeImports: true,
    message: 'Put it in plugin.ts.',
  }
  if (serving.has(room)) return [only(`src/${room}/**`, walled)]
  if (room === 'db') {
    const apart = Object.entries(engineFolders).map(([folder, group]) =>
      only(`src/db/${folder}/**`, [
        ...inward,
        fastify,
        { group, message: 'Engines share rules, not SQL.' },
      ]),
    )
    return [only('src/db/**', [...inward, fastify]), only('src/db/plugin.ts', inward), ...apart]
  }
  return [
    only(`src/${room}/**`, [...walled, fastify]),
    ...(room === 'cli' ? [only('src/cli/installation.ts', [...inward, fastify])] : []),
    only(`src/${room}/plugin.ts`, walled),
  ]
})

export default defineConfig({
  plugins: ['typescript', 'unicorn', 'oxc', 'import', 'promise', 'node'],
  categories: { correctness: 'error', suspicious: 'error' },
  options: { typeAware: true, denyWarnings: true },
  env: { node: true, es2024: true },
  ignorePatterns: ['drizzle/**', 'dist/**'],
  rules: {
    'oxc/no-async-endpoint-handlers': 'off',
    'import/no-unassigned-import': 'off',
    'typescript/no-unsafe-type-assertion': 'off',
    'typescript/unbound-method': 'off',
    'unicorn/consistent-function-scoping': 'off',
    'no-shadow': 'off',
    'typescript/no-floating-promises': ['error', { checkThenables: true }],
    'typescript/no-misused-promises': 'error',
    'typescript/switch-exhaustiveness-check': 'error',
    'typescript/consistent-type-imports': 'error',
    'typescript/no-explicit-any': 'error',
    'import/no-cycle': 'error',
    'no-console': 'error',
  },
  overrides: [
    {
      files: ['src/**'],
      rules: {
        'no-restricted-properties': [
          'error',
          { object: 'Date', property: 'now', message: 'Use the clock.' },
          { object: 'Math', property: 'random', message: 'Use the ids or a given random.' },
          ...terminal,
        ],
        'no-restricted-globals': ['error', 'process'],
      },
    },
    {
      files: [
        'src/server.ts',
        'src/cluster/process-identity.ts',
        'src/cli/main.ts',
        'src/sandbox/main.ts',
        'src/node-version.js',
        'src/bundle.js',
      ],
      rules: { 'no-restricted-globals': 'off' },
    },
    {
      files: ['src/clock.ts'],
      rules: { 'no-restricted-properties': ['error', ...terminal] },
    },
    {
      files: ['src/terminal/terminal.ts'],
      rules: { 'no-restricted-globals': 'off', 'no-restricted-properties': 'off' },
    },
    { files: ['src/node-version.js', 'src/bundle.js'], rules: { 'no-console': 'off' } },
    ...directions,
    only('src/*.ts', [rooms, ...engines()]),
    ...['src/app.ts', 'src/server.ts'].map((file) => only(file, [...engines(), building])),
    // What is decided inside a transaction is the same on every engine: plain functions of rows.
    only('src/db/rules/**', [
      {
        group: ['**', '!./*', '!../ports/*', '!../../durations.ts', '!../../quota-lending.ts'],
        message: 'A rule knows rows alone.',
      },
    ]),
  ],
})
