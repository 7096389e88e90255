import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import {
  dataDirectory,
  firstStart,
  runCli,
  runCliProcess,
  startGateway,
} from '../../support/gateway.ts'

test('beside a running server: doctor and backup work, restore is refused; without it the copy comes back', async () => {
  const data = dataDirectory(onTestFinished)
  const gateway = await startGateway({ ...data, SANDBOX_PORT: '' }, onTestFinished)
  const { env } = gateway

  const doctor = await runCliProcess(env, 'doctor', '--json')
  const made = await runCliProcess(env, 'backup', '--json')
  const { copy } = JSON.parse(made.stdout) as { copy: string }
  const verified = await runCliProcess(env, 'backup', 'verify', copy, '--json')
  const refused = await runCliProcess(env, 'restore', copy, '--yes')
  await runCliProcess(env, 'tenant', 'create', 'later')
  await gateway.end('SIGTERM')
  const restored = await runCliProcess(env, 'restore', copy, '--yes', '--json')
  const tenants = await runCliProcess(env, 'tenant', 'list', '--json')
  const stopped = await runCliProcess(env, 'doctor')

  const levels = (JSON.parse(doctor.stdout) as { level: string }[]).map(({ level }) => level)
  expect(levels).not.toContain('critical')
  expect(doctor.code).toBe(0)
  expect(JSON.parse(verified.stdout)).toMatchObject({ ok: true, tenants: 1, api_keys: 1 })
  expect(refused.code).toBe(1)
  expect(refused.stderr).toMatch(
    /^A server has this database: process \d+ on \S+\. Stop it first\.\n$/,
  )
  expect(restored.code).toBe(0)
  expect((JSON.parse(tenants.stdout) as { tenant: string }[]).map(({ tenant }) => tenant)).toEqual([
    'demo',
  ])
  expect(readdirSync(join(env['DATA_DIR']!, 'backups')).join()).toContain('bank-api-replaced-')
  expect(stopped.code).toBe(2)
  expect(stopped.stdout).toContain('FAIL  server: no server has this database open\n')
})

test('a command writes plain text into a pipe: no colour, no progress, lines of 80 columns', async () => {
  const env = dataDirectory(onTestFinished)
  await firstStart(env)

  const ended = [
    await runCli(env, 'backup', 'verify', 'somewhere'),
    await runCli(env, 'explain', 'nothing'),
    await runCli(env, 'doctor'),
    await runCli(env, 'backup', 'verify', 'nowhere'),
    await runCli(env, 'backup', '--help'),
  ]

  expect(ended.map(({ code }) => code)).toEqual([1, 1, 2, 1, 0])
  for (const { stdout, stderr } of ended) {
    // oxlint-disable-next-line no-control-regex -- it is what must not be there
    expect(stdout + stderr).not.toMatch(/[\u001b\r]/)
    for (const line of stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80)
  }
  expect(ended[1]?.stderr).toBe('Nothing here has the id or name nothing\n')
})
