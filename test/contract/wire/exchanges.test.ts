import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { compatibilityTable, deviations } from './deviations.ts'
import { exchanges, type Answer, type Exchange } from './exchanges.ts'
import { aDeadKey, aServedSite, exchangeBytes, readReply, type RawReply } from './served.ts'
import { codes } from '../../../src/texts/codes.ts'

test.each(exchanges)('$title: as Frappe answers, or as we say otherwise', async (exchange) => {
  const served = await aServedSite()
  await exchange.before?.(served)
  const { apiKey, apiSecret, authorization } = served.key
  const words: Record<string, string> = {
    $TOKEN: authorization,
    $KEY: apiKey,
    $SECRET: apiSecret,
    $PAIR: Buffer.from(`${apiKey}:${apiSecret}`).toString('base64'),
    $DEAD: (await aDeadKey(served)).authorization,
    $REQUEST: served.request,
    $ITEM: String(served.bank.itemId),
  }

  const reply = readReply(await exchangeBytes(served.port, toBytes(exchange, words)))

  const expected = Object.entries({ ...exchange.frappe, ...exchange.ours })
  expect(
    pick(
      seen(reply),
      expected.map(([name]) => name),
    ),
  ).toEqual(Object.fromEntries(expected))
  expect(reply.headers['content-length']).toMatch(/^\d+$/)
  expect(reply.headers).not.toHaveProperty('set-cookie')
  if (reply.headers['content-type'] === 'application/json') {
    expect(reply.headers['cache-control']).toBe('no-store')
  }
  expect(served.bridge.unhandled).toEqual([])
})

test('a row says why it deviates, exactly when it does', () => {
  for (const { title, frappe, ours, deviation } of exchanges) {
    const differing = Object.entries(ours ?? {}).filter(
      ([name, value]) => JSON.stringify(value) !== JSON.stringify(frappe[name as keyof Answer]),
    )
    expect([title, differing.length > 0]).toEqual([title, deviation !== undefined])
  }
})

test('every deviation is shown by an exchange', () => {
  const shown = new Set(exchanges.map(({ deviation }) => deviation))

  expect(Object.keys(deviations).filter((name) => !shown.has(name as never))).toEqual([])
})

test('the guide tells every deviation, and nothing else', () => {
  const guide = readFileSync(new URL('../../../docs/methods.md', import.meta.url), 'utf8')
  const section = guide.split(/^## /m).find((part) => part.startsWith('Compatibility\n')) ?? ''

  const rows = section
    .split('\n')
    .filter((line) => line.startsWith('|') && !/^\|[ |:-]+$/.test(line))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )

  expect(rows).toEqual(compatibilityTable())
})

function toBytes({ send: [line, ...headers], body = '' }: Exchange, words: Record<string, string>) {
  const fill = (text: string) => text.replace(/\$[A-Z]+/g, (word) => words[word] ?? word)
  const sent = fill(body)
  const length = sent === '' ? [] : [`Content-Length: ${Buffer.byteLength(sent)}`]
  const lines = [`${line} HTTP/1.1`, 'Host: bank.test', 'Connection: close', ...headers, ...length]
  return `${lines.map(fill).join('\r\n')}\r\n\r\n${sent}`
}

/** All that a row may compare. The `code` of a refusal is ours, beside what Frappe says: every refusal has one, and so no row names it. */
function seen({ status, headers, body }: RawReply): Answer {
  const parsed = body === '' ? {} : withoutCode(status, JSON.parse(body) as Record<string, unknown>)
  const { exc_type: excType, exc, _server_messages: messages, message } = parsed
  const told = (JSON.parse((messages as string | undefined) ?? '[]') as string[]).map(
    (text) => JSON.parse(text) as { message: string },
  )
  return {
    status,
    contentType: headers['content-type']!,
    cookies: 'set-cookie' in headers,
    cacheControl: headers['cache-control'] ?? 'none',
    retryAfter: 'retry-after' in headers,
    reset: headers['x-ratelimit-reset'],
    waitInBody: parsed['retry_after'],
    excType: excType as string,
    text: told.at(-1)?.message,
    shape: body === '' ? undefined : shapeOf(parsed),
    message,
    exc: String(exc).includes('Traceback') ? 'a traceback' : 'one line',
    letters: /[^\0-\x7f]/.test(body) ? 'raw' : 'escaped',
  }
}

function withoutCode(status: number, { code, errors, ...parsed }: Record<string, unknown>) {
  const [error] = (errors ?? []) as Record<string, unknown>[]
  const said = (error?.['code'] ?? code) as keyof typeof codes | undefined
  expect(said && codes[said].status).toBe(status < 400 ? undefined : status)
  if (!error) return parsed
  const { code: _said, ...rest } = error
  return { ...parsed, errors: [rest] }
}

function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, 1).map(shapeOf)
  if (value === null) return 'null'
  if (typeof value !== 'object') return typeof value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, shapeOf(inner)]))
}

const pick = (answer: Answer, names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [name, answer[name as keyof Answer]]))
