import { css } from '../html/inline.ts'

/** What the page of the document adds to the style of every page. */
export const style = css`
  body {
    display: block;
  }
  main {
    max-width: 60rem;
    padding: 1.5rem 1rem 3rem;
  }
  h1 {
    margin: 0 0 0.5rem;
  }
  h1 small {
    color: var(--soft);
    font-weight: 400;
  }
  h2 {
    margin: 2.5rem 0 0.75rem;
    padding-bottom: 0.25rem;
    border-bottom: 1px solid var(--line);
    font-size: 1.25rem;
  }
  details {
    margin: 0.6rem 0;
    padding: 0.35rem 1rem;
    border: 1px solid var(--line);
    border-radius: 12px;
    background: var(--card);
  }
  details details {
    margin: 0.75rem 0;
    background: none;
  }
  summary {
    padding: 0.35rem 0;
    overflow-wrap: anywhere;
    cursor: pointer;
  }
  summary b {
    font-weight: 600;
  }
  summary span {
    display: block;
    color: var(--soft);
  }
  table {
    width: 100%;
    border-collapse: collapse;
    font-size: 0.95rem;
  }
  td,
  th {
    padding: 0.45rem 0.75rem 0.45rem 0;
    border-top: 1px solid var(--line);
    text-align: left;
    vertical-align: top;
    overflow-wrap: anywhere;
  }
  th {
    min-width: 9rem;
    font-weight: 600;
  }
  td {
    min-width: 8rem;
    color: var(--soft);
  }
  @media (max-width: 40rem) {
    th,
    td {
      display: block;
      padding: 0.1rem 0;
    }
    td {
      border-top: 0;
    }
    th {
      padding-top: 0.5rem;
    }
    tr > :last-child {
      padding-bottom: 0.5rem;
    }
  }
  pre,
  output {
    display: block;
    max-height: 26rem;
    margin: 0.5rem 0;
    padding: 0.75rem 0.9rem;
    overflow: auto;
    border-radius: 8px;
    background: var(--page);
    font-family: ui-monospace, 'Cascadia Mono', Menlo, monospace;
    font-size: 0.85rem;
    white-space: pre-wrap;
    overflow-wrap: anywhere;
  }
  output:empty {
    display: none;
  }
  input {
    width: 100%;
    padding: 0.45rem 0.6rem;
    border: 1px solid var(--field);
    border-radius: 8px;
    background: transparent;
    color: var(--ink);
    font-family: ui-monospace, 'Cascadia Mono', Menlo, monospace;
    font-size: 0.9rem;
  }
  input::placeholder {
    color: var(--soft);
    opacity: 1;
  }
  button {
    width: auto;
    margin: 0.75rem 0;
    padding: 0.5rem 1.5rem;
  }
  .needed::after {
    content: ' needed';
    color: var(--main);
    font-size: 0.8em;
    font-weight: 400;
  }
  .credentials {
    display: grid;
    gap: 0.75rem;
    grid-template-columns: repeat(auto-fit, minmax(14rem, 1fr));
  }
`
