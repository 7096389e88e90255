import { html, type Html } from '../../html/html.ts'
import { prose } from '../../html/elements.ts'
import { argumentsIn } from '../method-paths.ts'
import type { Parameter, PathItem } from '../operation.ts'
import type { Json } from '../schema.ts'
import { breakable, entry, fieldRows, fold, json } from './elements.ts'
import { languages, type Call } from './samples.ts'
import type { Words } from './words.ts'

/** What all methods of the page share. */
export interface Shown {
  words: Words
  components: Json
  /** Where the samples call. */
  origin: string
  canTry: boolean
}

/** What a method is called on the page, and in its address. */
export const idOf = (path: string): string =>
  path
    .slice(path.lastIndexOf('.') + 1)
    .split('/')
    .at(-1)!

/** A method: its arguments and a form for them, a call of it in each language, and what it answers. */
export function method(path: string, item: PathItem, shown: Shown): Html {
  const { words, components, origin, canTry } = shown
  const { summary, requestBody, responses, security } = item['post']!
  const id = idOf(path)
  const all = argumentsIn(item['post']!)
  const { example = {} } = contentOf(requestBody)
  const answer = contentOf(responses['200'])
  const verb = 'get' in item ? 'get' : 'post'
  const call: Call = { verb, url: `${origin}${path}`, args: example as Call['args'] }
  const listed =
    all.length > 0
      ? html`<h4>${words.arguments}</h4>
          ${all.map((one) => argument(id, one, shown))}`
      : html`<p>${words.noArguments}</p>`

  return entry(
    id,
    html`<code>${id}</code>`,
    summary,
    html`<p class="address"><b>${verb.toUpperCase()}</b> ${breakable(path)}</p>
      <div class="columns">
        <div>
          ${canTry ? form(path, listed, { example, words, isOpen: security?.length === 0 }) : listed}
        </div>
        <div>
          ${samples(id, call, words)}
          <h4>${words.exampleAnswer}</h4>
          ${json(answer.example)} ${fold(words.answerFields, fieldRows(answer.schema, components))}
        </div>
      </div>`,
  )
}

const contentOf = (body: Json | undefined) =>
  ((body?.['content'] as Json | undefined)?.['application/json'] ?? {}) as {
    schema: Json
    example?: object
  }

function argument(
  id: string,
  { name, required, description, schema, example }: Parameter,
  { words, canTry }: Shown,
): Html {
  const field = `${id}.${name}`
  const shown = String(example ?? '')
  const needed = required && html` <span class="needed">${words.needed}</span>`
  return canTry
    ? html`<div class="argument">
        <label for="${field}"><code>${name}</code></label
        >${needed}
        <p id="${field}.is">${prose(description)}</p>
        ${input({ field, name, shown, schema })}
      </div>`
    : html`<div class="argument">
        <b><code>${name}</code></b
        >${needed}
        <p>${prose(description)} ${words.example} <code>${shown}</code></p>
      </div>`
}

function input({
  field,
  name,
  shown,
  schema,
}: {
  field: string
  name: string
  shown: string
  schema: Json
}): Html {
  const values = schema['enum'] as readonly string[] | undefined
  if (values) {
    const options = values.map((value) => html`<option>${value}</option>`)
    return html`<select class="live" id="${field}" name="${name}" aria-describedby="${field}.is">
      <option value=""></option>
      ${options}
    </select>`
  }
  const keyboard = schema['type'] === 'integer' ? 'numeric' : 'text'
  return html`<input
    class="live"
    id="${field}"
    name="${name}"
    placeholder="${shown}"
    inputmode="${keyboard}"
    autocomplete="off"
    autocapitalize="off"
    spellcheck="false"
    aria-describedby="${field}.is"
  />`
}

const form = (
  path: string,
  listed: Html,
  { example, words, isOpen }: { example: object; words: Words; isOpen: boolean },
): Html =>
  html`<form
    data-path="${path}"
    data-example="${JSON.stringify(example)}"
    data-calling="${words.calling}"
    data-unreachable="${words.unreachable}"
    data-cut="${words.cut}"
  >
    ${listed}
    <div class="live">
      ${
        !isOpen &&
        html`<p class="unkeyed">${words.noKeyHere} <a href="#key">${words.giveKey}</a></p>`
      }
      <div class="buttons">
        <button>${words.call}</button>
        ${
          Object.keys(example).length > 0 &&
          html`<button type="button" class="quiet fill">${words.fill}</button>`
        }
      </div>
    </div>
    <output aria-live="polite"></output>
  </form>`

/** The first is shown until another is chosen: that needs no script. */
const samples = (id: string, call: Call, words: Words): Html =>
  html`<fieldset class="samples">
    <legend>${words.sample}</legend>
    <div class="tabs">
      ${languages.map((language, index) => tab(id, language, index === 0))}
      <button type="button" class="quiet copy live" data-done="${words.copied}">
        ${words.copy}
      </button>
    </div>
    ${languages.map(
      (language) => html`<pre class="${language.id}" tabindex="0">${language.write(call)}</pre>`,
    )}
  </fieldset>`

const tab = (id: string, language: { id: string; name: string }, isFirst: boolean): Html => {
  const of = `sample.${id}`
  const radio = isFirst
    ? html`<input type="radio" name="${of}" value="${language.id}" checked />`
    : html`<input type="radio" name="${of}" value="${language.id}" />`
  return html`<label>${radio}${language.name}</label>`
}
