import type { AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import { exchangeBytes } from '../../contract/wire/served.ts'
import { testApp } from '../../support/app.ts'

const secret = 'hunter2'.repeat(5)

const targets = [
  `/renew/${secret}`,
  `/renew/${secret}/`,
  `/renew/${secret}?lang=fr`,
  `/%72enew/${secret}`,
  `/renew%2F${secret}`,
  `//renew/${secret}`,
  `/RENEW/${secret}`,
  `/renew/${secret}/more`,
  `/renew/${secret}%zz`,
  `/renew/${secret.repeat(4)}`,
  `/renew/${secret};x#y`,
  `http://bank.test/renew/${secret}`,
  `HTTP://bank.test//%72enew/${secret}`,
  `ftp://bank.test/renew/${secret}`,
  `/console/login/${secret}`,
  `/console/login/${secret}?lang=fr`,
  `/%63onsole/login/${secret}/more`,
  `/bridge/callback?context=${secret}`,
  `/api/method/ping?api_secret=${secret}`,
]

it.each(['GET', 'POST', 'HEAD', 'PUT', 'OPTIONS', 'PROPFIND'])(
  'a secret in a path is not logged, in whichever of these ways it is written: %s',
  async (verb) => {
    const { app, log } = await testApp({ env: { CONSOLE: 'true' } })
    await app.listen({ host: '127.0.0.1', port: 0 })
    const { port } = app.server.address() as AddressInfo

    for (const target of targets) {
      const head = [`${verb} ${target} HTTP/1.1`, 'Host: bank.test', 'Connection: close']
      await exchangeBytes(port, `${head.join('\r\n')}\r\nContent-Length: 0\r\n\r\n`)
    }

    expect(log.filter((line) => line.includes('request completed')).length).toBeGreaterThan(5)
    expect(log.filter((line) => line.includes('hunter2'))).toEqual([])
  },
)

it('a request is told by the pattern of its route', async () => {
  const { app, log } = await testApp()

  await app.inject({ url: `/%72enew/${secret}` })
  await app.inject({ url: '/nowhere' })

  const routes = log
    .filter((line) => line.includes('request completed'))
    .map((line) => (JSON.parse(line) as { req: { route: string } }).req.route)
  expect(routes).toEqual(['/renew/:token', 'none'])
})
