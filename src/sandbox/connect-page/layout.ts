import { html, type Html } from '../../html/html.ts'
import { css } from '../../html/inline.ts'
import { page, type Page } from '../../html/page.ts'
import type { Language } from '../../language.ts'
import { texts } from './texts.ts'

const style = css`
  .tape {
    background: #ffd43b;
    color: #201a00;
    text-align: center;
    font-weight: 600;
    font-size: 0.85rem;
    padding: 0.5rem 1rem;
  }
  label {
    display: block;
    font-weight: 600;
    margin: 1rem 0 0.3rem;
  }
  input {
    width: 100%;
    font: inherit;
    color: inherit;
    background: transparent;
    border: 1px solid var(--field);
    border-radius: 10px;
    padding: 0.7rem 0.8rem;
  }
  form button {
    margin-top: 1.25rem;
  }
  .list {
    list-style: none;
    margin: 1rem 0 0;
    padding: 0;
  }
  .list li {
    border-top: 1px solid var(--line);
    padding: 0.6rem 0;
    display: flex;
    flex-wrap: wrap;
    align-items: baseline;
    justify-content: space-between;
    gap: 0 1rem;
  }
  button.bank {
    display: flex;
    align-items: baseline;
    justify-content: space-between;
    text-align: left;
    background: transparent;
    color: var(--ink);
    border-color: var(--line);
    margin-top: 0.6rem;
  }
  .bank small {
    white-space: nowrap;
    margin-left: 0.75rem;
  }
  .bank:not(.open) span {
    font-weight: 400;
    color: var(--soft);
  }
  button.bank.open {
    border-color: var(--main);
    box-shadow: inset 0 0 0 1px var(--main);
  }
  small {
    color: var(--soft);
    font-weight: 400;
  }
  .notice {
    background: var(--bad-tint);
    color: var(--bad);
    border-radius: 10px;
    padding: 0.7rem 0.9rem;
    margin: 0.75rem 0;
  }
  .leave {
    display: block;
    width: fit-content;
    margin: 1.25rem auto 0;
    color: var(--soft);
  }
  details {
    margin-top: 1.25rem;
    font-size: 0.9rem;
  }
  summary {
    cursor: pointer;
    color: var(--soft);
  }
`

/** One whole page, under the tape that says it is a sandbox. */
export function layout(
  language: Language,
  {
    title,
    body,
    head,
    isOver = false,
  }: {
    title: string
    body: Html
    head?: Html
    /** Then to look again, in the other language, would show another page. */
    isOver?: boolean
  },
): Page {
  const text = texts[language]
  return page({
    language,
    title: `${title} · ${text.title}`,
    body,
    head,
    banner: html`<div class="tape" role="note">${text.sandbox}</div>`,
    translation: isOver ? undefined : `?lang=${language === 'en' ? 'fr' : 'en'}`,
    styles: [style],
  })
}
