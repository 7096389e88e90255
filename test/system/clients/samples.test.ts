import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildApp, startSandbox } from '../../../src/app.ts'
import { createMovableClock } from '../../../src/clock.ts'
import { loadConfig } from '../../../src/config.ts'
import { createDemo } from '../../../src/demo/demo-key.ts'
import { freePort } from '../../support/free-port.ts'
import { siteClient, visitBank } from '../e2e/visit.ts'
import { isLeftOut, run } from './run.ts'

const python = '/usr/bin/python3'
const php = '/usr/bin/php'

/** How each language's samples are run, and whether it is here. */
const languages = [
  {
    name: 'curl',
    isOut: isLeftOut('/usr/bin/curl', true, 'curl'),
    run: (sample: string) => run('/bin/sh', ['-e'], sample),
  },
  {
    name: 'python',
    isOut: isLeftOut(
      python,
      spawnSync(python, ['-c', 'import requests']).status === 0,
      `${python} with python3-requests`,
    ),
    run: (sample: string) => run(python, ['-'], sample),
  },
  {
    name: 'javascript',
    isOut: false,
    run: (sample: string) => run(process.execPath, ['--input-type=module', '-'], sample),
  },
  {
    name: 'php',
    isOut: isLeftOut(
      php,
      spawnSync(php, ['-r', 'curl_init();']).status === 0,
      `${php} with php-curl`,
    ),
    run: (sample: string) => run(php, [], sample),
  },
]

/** Methods that are called with a query, with none, and with a body; and what their answers have to say. */
const calls = [
  { method: 'get_bank_accounts', says: /FR\d{25}/ },
  { method: 'get_single_bank', says: /Demo Bank/ },
  { method: 'get_events', says: /has_more/ },
  { method: 'get_logged_user', says: /demo/ },
  { method: 'get_bridge_connect_link', says: /request\W+[a-z0-9]{26}/ },
  { method: 'post_item_refresh', says: /refreshed/ },
]

describe('the samples of /docs, as they stand there, with a key', () => {
  let markup: string
  let demo: { apiKey: string; apiSecret: string }
  let itemId: number
  let close: () => Promise<void>

  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'bank-api-samples-'))
    const config = loadConfig({
      DATA_DIR: folder,
      PORT: String(await freePort()),
      SANDBOX_PORT: '0',
      LOG_LEVEL: 'silent',
    })
    const clock = createMovableClock()
    const sandbox = await startSandbox(config, clock)
    const app = await buildApp({ config, clock, sandbox })
    demo = (await createDemo(app, config.publicUrl))!
    await app.listen({ host: config.host, port: config.port })
    close = async () => {
      await app.close()
      await sandbox.close()
      rmSync(folder, { recursive: true, force: true })
    }
    const call = siteClient(config.publicUrl, { api_key: demo.apiKey, api_secret: demo.apiSecret })
    const link = { redirect_url: 'http://localhost:8000/app/bank', user: 'me@example.com' }
    const { url, request } = await call('get_bridge_connect_link', link)
    await visitBank(url)
    itemId = (await call('get_bridge_item_id', { request })).item_id
    markup = await (await fetch(`${config.publicUrl}/docs`)).text()
  })
  afterAll(() => close())

  /** What a reader copies. */
  function sampleOf(method: string, language: string): string {
    const [, entry = ''] = markup.split(`<details class="entry" id="${method}">`)
    const [, sample = ''] =
      new RegExp(`<pre class="${language}"[^>]*>([^<]*)</pre>`).exec(entry) ?? []
    return sample
      .replaceAll('&#39;', "'")
      .replaceAll('&quot;', '"')
      .replaceAll('&lt;', '<')
      .replaceAll('&gt;', '>')
      .replaceAll('&amp;', '&')
      .replaceAll('API_KEY', demo.apiKey)
      .replaceAll('API_SECRET', demo.apiSecret)
      .replaceAll('4568477', String(itemId))
  }

  describe.each(languages.filter(({ isOut }) => !isOut))('$name', ({ name, run: runSample }) => {
    test.each(calls)('$method', async ({ method, says }) => {
      const sample = sampleOf(method, name)

      expect(sample).not.toBe('')
      expect(await runSample(sample)).toMatch(says)
    })

    test('says no where the server does', async () => {
      const wrong = sampleOf('get_logged_user', name).replaceAll(demo.apiSecret, 'wrong')

      const said = await runSample(wrong).catch((error: Error) => error.message)

      expect(said).toMatch(/401|AuthenticationError/)
    })
  })
})
