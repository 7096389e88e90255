import type { Document } from './document.ts'
import { argumentsIn } from './method-paths.ts'
import type { Operation, Parameter, PathItem } from './operation.ts'
import { inFull, type Json } from './schema.ts'

/** Makes each form call this server; without it the page is only read. */
export const docsScript = `
for (const form of document.querySelectorAll('form[data-path]')) {
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    const output = form.querySelector('output')
    const key = document.getElementById('key').value.trim()
    const secret = document.getElementById('secret').value.trim()
    const fields = new URLSearchParams()
    for (const [name, value] of new FormData(form)) if (value !== '') fields.append(name, value)
    output.textContent = '…'
    try {
      const answer = await fetch(form.dataset.path, {
        method: 'POST',
        headers: key === '' ? {} : { authorization: 'token ' + key + ':' + secret },
        body: fields,
      })
      const text = await answer.text()
      let shown = text
      try { shown = JSON.stringify(JSON.parse(text), null, 2) } catch {}
      output.textContent = answer.status + '  ' + (answer.headers.get('x-request-id') ?? '') + '\\n' + shown
    } catch (error) {
      output.textContent = String(error)
    }
  })
}
`

const style = `
  :root { color-scheme: light dark; --line: #8884; --soft: #8882; --accent: #2563eb }
  body { margin: 0 auto; max-width: 60rem; padding: 1.5rem; font: 1rem/1.55 system-ui, sans-serif }
  h1 { margin: 0 } h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line) }
  code, pre, output, input { font-family: ui-monospace, monospace; font-size: .9em }
  details { border: 1px solid var(--line); border-radius: .5rem; margin: .6rem 0; padding: .2rem .9rem }
  summary { cursor: pointer; padding: .4rem 0; overflow-wrap: anywhere }
  summary b { font-weight: 600 } summary span { display: block; opacity: .8 }
  table { border-collapse: collapse; width: 100% }
  td, th { text-align: left; vertical-align: top; padding: .35rem .6rem .35rem 0; border-top: 1px solid var(--line) }
  pre, output { display: block; overflow: auto; background: var(--soft); padding: .7rem; border-radius: .4rem; max-height: 26rem; white-space: pre-wrap; overflow-wrap: anywhere }
  input { width: 100%; box-sizing: border-box; padding: .35rem; border: 1px solid var(--line); border-radius: .3rem; background: transparent; color: inherit }
  button { margin: .7rem 0; padding: .45rem 1.1rem; border: 0; border-radius: .3rem; background: var(--accent); color: white; font: inherit; cursor: pointer }
  .needed::after { content: ' needed'; color: var(--accent); font-size: .8em }
  .credentials { display: grid; gap: .7rem; grid-template-columns: repeat(auto-fit, minmax(14rem, 1fr)) }
`

/** The document as one page: readable without a script, and nothing in it comes from elsewhere. */
export function docsPage(document: Document, { canTry }: { canTry: boolean }): string {
  const { info, paths } = document
  const rpc = Object.entries(paths).filter(([path]) => path.startsWith('/api/method/'))
  const plain = Object.entries(paths).filter(([path]) => !path.startsWith('/api/'))
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${text(info.title)} ${text(info.version)}</title>
<style>${style}</style>
<h1>${text(info.title)} <small>${text(info.version)}</small></h1>
<p>${text(info.description)}</p>
<p><a href="/openapi.json">openapi.json</a></p>
${canTry ? credentials : ''}
<h2>Methods</h2>
${rpc.map(([path, { post }]) => method(path, post!, document, canTry)).join('\n')}
<h2>Refusals</h2>
${refusalTable(document)}
<h2>Plain routes</h2>
${plain.map(([path, verbs]) => route(path, verbs)).join('\n')}
${canTry ? `<script>${docsScript}</script>` : ''}
</html>
`
}

const credentials = `<h2>Try it</h2>
<p>This is a sandbox: calls reach no bank. Its key was shown in the terminal at the first start.</p>
<div class="credentials">
<label>api_key <input id="key" autocomplete="off"></label>
<label>api_secret <input id="secret" type="password" autocomplete="off"></label>
</div>`

function method(
  path: string,
  operation: Operation,
  { components }: Document,
  canTry: boolean,
): string {
  const parameters = argumentsIn(operation)
  const rows = parameters.map((parameter) => argumentRow(parameter, canTry)).join('\n')
  const table = parameters.length > 0 ? `<table>${rows}</table>` : '<p>No arguments.</p>'
  const schema = operation.responses['200']?.['content'] as
    | Record<string, { schema: Json }>
    | undefined
  const answer = JSON.stringify(
    inFull(schema?.['application/json']?.schema ?? {}, components.schemas),
    null,
    2,
  )
  return `<details id="${text(operation.operationId.replace(/_post$/, ''))}">
<summary><b><code>${text(path)}</code></b><span>${text(operation.summary)}</span></summary>
${
  canTry
    ? `<form data-path="${text(path)}">${table}<button>Call</button><output aria-live="polite"></output></form>`
    : table
}
<details><summary>The answer's schema</summary><pre>${text(answer)}</pre></details>
</details>`
}

function argumentRow({ name, required, description, example }: Parameter, canTry: boolean): string {
  const shown = example === undefined ? '' : String(example)
  const last = canTry
    ? `<input name="${text(name)}" aria-label="${text(name)}" placeholder="${text(shown)}">`
    : `<code>${text(shown)}</code>`
  return `<tr><th${required ? ' class="needed"' : ''}>${text(name)}</th><td>${text(description)}</td><td>${last}</td></tr>`
}

function refusalTable({ components }: Document): string {
  const responses = Object.entries(components.responses).filter(([name]) => /\d$/.test(name))
  const rows = responses.map(
    ([name, { description }]) =>
      `<tr><th>${text(name.replace('Refusal', ''))}</th><td>${text(String(description))}</td></tr>`,
  )
  return `<table>${rows.join('\n')}</table>`
}

function route(path: string, verbs: PathItem): string {
  const rows = Object.entries(verbs).map(([verb, { summary, responses }]) => {
    const ends = Object.entries(responses).map(
      ([status, { description }]) => `<li>${text(status)}: ${text(String(description))}</li>`,
    )
    return `<p>${text(verb.toUpperCase())}: ${text(summary)}</p><ul>${ends.join('')}</ul>`
  })
  return `<details><summary><b><code>${text(path)}</code></b></summary>${rows.join('\n')}</details>`
}

const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

const text = (value: string | undefined): string =>
  (value ?? '').replaceAll(/[&<>"]/g, (character) => escapes[character] ?? character)
