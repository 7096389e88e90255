import { quoted } from '../../terminal/shell.ts'

/** A call to be shown. */
export interface Call {
  verb: 'get' | 'post'
  url: string
  args: Readonly<Record<string, string | number>>
}

/** Stand in a sample where the reader's own key belongs. */
const keyHere = { key: 'API_KEY', secret: 'API_SECRET' }

const { key, secret } = keyHere

/** The languages of samples, and a call in each: whole programs, with what a newcomer has at hand. */
export const languages = [
  { id: 'curl', name: 'curl', write: inCurl },
  { id: 'python', name: 'Python', write: inPython },
  { id: 'javascript', name: 'JavaScript', write: inJavaScript },
  { id: 'php', name: 'PHP', write: inPhp },
] as const

function inCurl({ verb, url, args }: Call): string {
  const sent =
    verb === 'get'
      ? Object.entries(args).map(
          ([name, value]) => `--data-urlencode ${quoted(`${name}=${value}`)}`,
        )
      : [`--header 'Content-Type: application/json'`, `--data ${quoted(JSON.stringify(args))}`]
  const address = verb === 'get' && sent.length > 0 ? `--get ${quoted(url)}` : quoted(url)
  return [`curl --user '${key}:${secret}'`, address, ...sent].join(' \\\n  ')
}

function inPython({ verb, url, args }: Call): string {
  const sent = fields(args, (name, value) => `"${name}": ${inJson(value)}`)
  const word = verb === 'get' ? 'params' : 'json'
  const lines = [
    inJson(url),
    ...(sent === '' && verb === 'get' ? [] : [`${word}={${sent}}`]),
    `auth=("${key}", "${secret}")`,
  ]
  return `import requests

answer = requests.${verb}(
${lines.map((line) => `    ${line},\n`).join('')})
answer.raise_for_status()
print(answer.json()["message"])`
}

function inJavaScript({ verb, url, args }: Call): string {
  const sent = spaced(fields(args, (name, value) => `${name}: ${inJson(value)}`))
  const authorization = `authorization: 'token ${key}:${secret}'`
  const call =
    verb === 'get'
      ? `const url = new URL('${url}')
${sent === '' ? '' : `url.search = new URLSearchParams({${sent}})\n`}const answer = await fetch(url, {
  headers: { ${authorization} },
})`
      : `const answer = await fetch('${url}', {
  method: 'POST',
  headers: {
    ${authorization},
    'content-type': 'application/json',
  },
  body: JSON.stringify({${sent}}),
})`
  return `${call}
if (!answer.ok) throw new Error(await answer.text())
console.log((await answer.json()).message)`
}

function inPhp({ verb, url, args }: Call): string {
  const sent = fields(args, (name, value) => `${inQuotes(name)} => ${literal(value)}`)
  const address =
    verb === 'get' && sent !== ''
      ? `${inQuotes(`${url}?`)} . http_build_query([${sent}])`
      : inQuotes(url)
  const options = [
    `CURLOPT_USERPWD => '${key}:${secret}'`,
    ...(verb === 'get'
      ? []
      : [
          `CURLOPT_HTTPHEADER => ['Content-Type: application/json']`,
          `CURLOPT_POSTFIELDS => json_encode((object) [${sent}])`,
        ]),
    'CURLOPT_FAILONERROR => true',
    'CURLOPT_RETURNTRANSFER => true',
  ]
  return `<?php
$call = curl_init(${address});
curl_setopt_array($call, [
${options.map((line) => `    ${line},\n`).join('')}]);
$answer = curl_exec($call);
if ($answer === false) {
    exit(curl_error($call));
}
print_r(json_decode($answer, true)['message']);`
}

const fields = (
  args: Call['args'],
  write: (name: string, value: string | number) => string,
): string =>
  Object.entries(args)
    .map(([name, value]) => write(name, value))
    .join(', ')

/** Python and JavaScript read JSON's texts and numbers as their own. */
const inJson = (value: string | number): string => JSON.stringify(value)

const spaced = (sent: string): string => (sent === '' ? '' : ` ${sent} `)

const literal = (value: string | number): string =>
  typeof value === 'number' ? String(value) : inQuotes(value)

const inQuotes = (text: string): string => `'${text.replaceAll(/[\\']/g, String.raw`\$&`)}'`
