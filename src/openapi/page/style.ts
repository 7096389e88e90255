import { css } from '../../html/inline.ts'

/** What the page of the document adds to the style of every page. */
export const style = css`
  body {
    display: block;
  }
  main {
    max-width: 44rem;
    padding: 1.25rem 1rem 3rem;
  }
  nav {
    display: none;
  }
  [hidden] {
    display: none !important;
  }
  @media (scripting: none) {
    .live {
      display: none !important;
    }
  }
  header {
    display: flex;
    justify-content: space-between;
    align-items: baseline;
    gap: 1rem;
  }
  .language {
    padding: 0.65rem 0;
  }
  h1 {
    margin: 0 0 0.5rem;
  }
  h1 small {
    color: var(--soft);
    font-weight: 400;
  }
  h2 {
    margin: 2.75rem 0 0.5rem;
    font-size: 1.25rem;
  }
  h2,
  .entry {
    scroll-margin-top: 5rem;
  }
  h3,
  h4 {
    margin: 0;
    font-size: 1rem;
    overflow-wrap: anywhere;
  }
  h4 {
    margin: 1.25rem 0 0.25rem;
  }
  details {
    margin: 0.6rem 0;
    padding: 0 1rem;
    border: 1px solid var(--line);
    border-radius: 12px;
    background: var(--card);
  }
  details details {
    background: none;
  }
  details[open] {
    padding-bottom: 1rem;
  }
  summary {
    min-height: 44px;
    padding: 0.65rem 0;
    overflow-wrap: anywhere;
    cursor: pointer;
  }
  summary h3 {
    display: inline;
  }
  h3 code {
    font-size: 1em;
  }
  summary span {
    display: block;
    color: var(--soft);
  }
  .address {
    margin: 0.25rem 0 0.75rem;
  }
  .argument {
    padding: 0.75rem 0;
    border-top: 1px solid var(--line);
  }
  .argument label,
  .argument b {
    font-weight: 600;
  }
  .argument p {
    margin: 0.15rem 0 0.35rem;
  }
  .needed {
    color: var(--main);
    font-size: 0.85em;
  }
  input,
  select {
    width: 100%;
    min-height: 44px;
    padding: 0.5rem 0.75rem;
    border: 1px solid var(--field);
    border-radius: 10px;
    background: var(--card);
    color: var(--ink);
    font-family: ui-monospace, 'Cascadia Mono', Menlo, monospace;
    font-size: 1rem;
  }
  input::placeholder {
    color: var(--soft);
    opacity: 1;
  }
  .search {
    position: sticky;
    top: 0;
    z-index: 1;
    display: grid;
    grid-template-columns: auto 1fr;
    align-items: center;
    gap: 0 0.75rem;
    margin: 2rem -1rem 0;
    padding: 0.6rem 1rem;
    background: var(--page);
    border-bottom: 1px solid var(--line);
  }
  .search input {
    font-family: inherit;
  }
  .search label {
    font-weight: 600;
  }
  .search p {
    grid-column: 2;
    margin: 0;
    font-size: 0.85rem;
  }
  kbd {
    display: none;
  }
  .credentials {
    margin-top: 1.5rem;
    padding: 1rem;
    border: 1px solid var(--line);
    border-radius: 12px;
    background: var(--card);
  }
  .credentials h2 {
    margin: 0 0 0.5rem;
  }
  .credentials p {
    margin-bottom: 0.75rem;
  }
  .pair {
    display: grid;
    gap: 0.75rem;
    margin-bottom: 0.75rem;
  }
  #state,
  .unkeyed {
    margin: 0.75rem 0;
    padding: 0.55rem 0.8rem;
    border-radius: 10px;
    background: var(--tint);
  }
  #state.odd,
  .unkeyed {
    background: var(--bad-tint);
    color: var(--bad);
  }
  .keyed #state {
    background: var(--good-tint);
    color: var(--good);
  }
  .keyed .unkeyed,
  body:not(.keyed) #forget {
    display: none;
  }
  .buttons {
    display: flex;
    flex-wrap: wrap;
    gap: 0.5rem;
    margin: 0.75rem 0;
  }
  button {
    width: auto;
    min-height: 44px;
    padding: 0.5rem 1.5rem;
  }
  .quiet {
    border-color: var(--field);
    background: none;
    color: var(--ink);
    font-weight: 400;
  }
  .samples {
    min-width: 0;
    margin: 1.25rem 0 0;
    padding: 0;
    border: 0;
  }
  .samples legend {
    padding: 0;
    font-weight: 600;
  }
  .tabs {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    margin-top: 0.25rem;
  }
  .tabs label {
    display: flex;
    align-items: center;
    min-height: 44px;
    padding: 0 0.7rem;
    border-bottom: 3px solid transparent;
    color: var(--soft);
    cursor: pointer;
  }
  .tabs label:has(:checked) {
    border-color: var(--main);
    color: var(--ink);
    font-weight: 600;
  }
  .tabs label:has(:focus-visible) {
    outline: 3px solid var(--main);
    outline-offset: -3px;
  }
  .tabs input {
    position: absolute;
    width: 1px;
    min-height: 0;
    height: 1px;
    padding: 0;
    opacity: 0;
  }
  .copy {
    margin-left: auto;
    padding: 0 0.9rem;
  }
  .samples pre {
    display: none;
    word-break: break-all;
  }
  .samples:has([value='curl']:checked) .curl,
  .samples:has([value='python']:checked) .python,
  .samples:has([value='javascript']:checked) .javascript,
  .samples:has([value='php']:checked) .php {
    display: block;
  }
  pre,
  output {
    display: block;
    max-height: 26rem;
    margin: 0.5rem 0;
    padding: 0.75rem 0.9rem;
    overflow: auto;
    border-radius: 10px;
    background: var(--page);
    font-family: ui-monospace, 'Cascadia Mono', Menlo, monospace;
    font-size: 0.85rem;
    white-space: pre-wrap;
    overflow-wrap: anywhere;
  }
  output:empty {
    display: none;
  }
  dl {
    margin: 0;
    border: 0;
    font-size: 0.95rem;
  }
  dl div {
    display: block;
    padding: 0.45rem 0;
    border-bottom: 0;
    border-top: 1px solid var(--line);
  }
  dt {
    color: var(--ink);
    font-weight: 600;
    overflow-wrap: anywhere;
  }
  dd {
    color: var(--soft);
    font-weight: 400;
  }
  .type {
    color: var(--main);
  }
`
