import { html, type Html } from '../html/html.ts'
import { script } from '../html/inline.ts'
import { page, type Page } from '../html/page.ts'
import type { Document } from './document.ts'
import { argumentsIn } from './method-paths.ts'
import type { Operation, Parameter, PathItem } from './operation.ts'
import { style } from './page-style.ts'
import { inFull, type Json } from './schema.ts'

/** Makes each form call this server; without it the page is only read. */
const caller = script(`
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
`)

/** The document as one page: readable without a script, and nothing in it comes from elsewhere. */
export function docsPage(document: Document, { canTry }: { canTry: boolean }): Page {
  const { info, paths } = document
  const rpc = Object.entries(paths).filter(([path]) => path.startsWith('/api/method/'))
  const plain = Object.entries(paths).filter(([path]) => !path.startsWith('/api/'))
  return page({
    language: 'en',
    title: `${info.title} ${info.version}`,
    isCard: false,
    body: html`<h1>${info.title} <small>${info.version}</small></h1>
      <p>${prose(info.description)}</p>
      <p><a href="/openapi.json">openapi.json</a></p>
      ${canTry && credentials}
      <h2>Methods</h2>
      ${rpc.map(([path, { post }]) => method(path, post!, document, canTry))}
      <h2>Refusals</h2>
      ${refusalTable(document)}
      <h2>Plain routes</h2>
      ${plain.map(([path, verbs]) => route(path, verbs))}`,
    styles: [style],
    script: canTry ? caller : undefined,
    policy: ["connect-src 'self'", "form-action 'none'"],
  })
}

const credentials = html`<h2>Try it</h2>
  <p>
    This is a sandbox: calls reach no bank. Its key was shown in the terminal at the first start.
  </p>
  <div class="credentials">
    <label>api_key <input id="key" autocomplete="off" /></label>
    <label>api_secret <input id="secret" type="password" autocomplete="off" /></label>
  </div>`

function method(
  path: string,
  operation: Operation,
  { components }: Document,
  canTry: boolean,
): Html {
  const parameters = argumentsIn(operation)
  const table =
    parameters.length > 0
      ? tableOf(parameters.map((parameter) => argumentRow(parameter, canTry)))
      : html`<p>No arguments.</p>`
  const schema = operation.responses['200']?.['content'] as
    | Record<string, { schema: Json }>
    | undefined
  const answer = inFull(schema?.['application/json']?.schema ?? {}, components.schemas)
  return html`<details id="${operation.operationId.replace(/_post$/, '')}">
    <summary>
      <b>${address(path)}</b>
      <span>${prose(operation.summary)}</span>
    </summary>
    ${
      canTry
        ? html`<form data-path="${path}">
            ${table}<button>Call</button><output aria-live="polite"></output>
          </form>`
        : table
    }
    <details>
      <summary>The answer's schema</summary>
      <pre tabindex="0">${JSON.stringify(answer, null, 2)}</pre>
    </details>
  </details>`
}

const tableOf = (rows: readonly Html[]): Html =>
  html`<table>
    ${rows}
  </table>`

function argumentRow({ name, required, description, example }: Parameter, canTry: boolean): Html {
  const shown = example === undefined ? '' : String(example)
  const last = canTry
    ? html`<input name="${name}" aria-label="${name}" placeholder="${shown}" />`
    : html`<code>${shown}</code>`
  return html`<tr>
    <th scope="row" class="${required ? 'needed' : ''}">${name}</th>
    <td>${prose(description)}</td>
    <td>${last}</td>
  </tr>`
}

function refusalTable({ components }: Document): Html {
  const responses = Object.entries(components.responses).filter(([name]) =>
    /^Refusal\d+$/.test(name),
  )
  return tableOf(
    responses.map(
      ([name, { description }]) =>
        html`<tr>
          <th scope="row">${name.replace('Refusal', '')}</th>
          <td>${prose(String(description))}</td>
        </tr>`,
    ),
  )
}

function route(path: string, verbs: PathItem): Html {
  const rows = Object.entries(verbs).map(([verb, { summary, responses }]) => {
    const ends = Object.entries(responses).map(
      ([status, { description }]) => html`<li>${status}: ${prose(String(description))}</li>`,
    )
    return html`<p>${verb.toUpperCase()}: ${prose(summary)}</p>
      <ul>
        ${ends}
      </ul>`
  })
  return html`<details>
    <summary>
      <b>${address(path)}</b>
    </summary>
    ${rows}
  </details>`
}

/** A text of the document, where code stands between backticks. */
const prose = (text = ''): Html[] =>
  text
    .split('`')
    .map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : html`${part}`))

/** A path that may be broken after its signs, and on a phone has to be. */
const address = (path: string): Html =>
  html`<code>${path.split(/(?<=[/._])/).map((part) => html`${part}<wbr />`)}</code>`
