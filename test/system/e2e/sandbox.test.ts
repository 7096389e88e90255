import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'

const main = fileURLToPath(new URL('../../../src/sandbox/main.ts', import.meta.url))

test('the sandbox alone says where it listens, serves, and stops on SIGTERM', async () => {
  const env = { PATH: process.env['PATH'], SANDBOX_PORT: '0' }
  const child = spawn(process.execPath, [main], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  let said = ''
  const ready = new Promise<string>((resolve) => {
    child.stdout.on('data', (part) => {
      said += part.toString()
      const [, address] = /listens on (http:\S+)/.exec(said) ?? []
      if (address !== undefined) resolve(address)
    })
  })
  const address = await Promise.race([ready, once(child, 'exit').then(() => 'nothing')])

  const headers = { 'Client-Id': 'a', 'Client-Secret': 'b', 'Bridge-Version': '2025-01-15' }
  const answer = await fetch(`${address}/v3/providers/574`, { headers })
  child.kill('SIGTERM')
  const [code] = await once(child, 'exit')

  expect(await answer.json()).toMatchObject({ id: 574 })
  expect(code).toBe(0)
  expect(said).toContain('levers')
})

test('the sandbox alone refuses a port and an address that are none, a line each', async () => {
  const env = { SANDBOX_PORT: 'tcp://10.0.0.1:80', SANDBOX_WEBHOOK_URL: 'nowhere' }
  const child = spawn(process.execPath, [main], { env, stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.on('data', (part) => {
    said += part.toString()
  })
  const [code] = await once(child, 'close')

  expect(code).toBe(1)
  expect(said).toBe(
    'SANDBOX_PORT: must be a port\nSANDBOX_WEBHOOK_URL: must be an http or https address\n',
  )
})
