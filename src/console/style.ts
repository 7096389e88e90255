import { css } from '../html/inline.ts'

/** Of the pages before a login. */
export const loginStyle = css`
  pre {
    margin: 0 0 1.25rem;
    padding: 0.75rem 0.9rem;
    border: 1px solid var(--line);
    border-radius: 10px;
    background: var(--page);
    white-space: pre-wrap;
    word-break: break-all;
  }
`

/** Of the pages inside: as wide as they need, and dense enough to see much at once. */
export const insideStyle = css`
  :root {
    --warn: #7a4b00;
    --warn-tint: #fdf0d5;
    --warn-line: #d99a20;
  }
  @media (prefers-color-scheme: dark) {
    :root {
      --warn: #f2c063;
      --warn-tint: #372a12;
      --warn-line: #b07d1c;
    }
  }
  body {
    font-size: 0.95rem;
  }
  main,
  footer {
    max-width: 74rem;
  }
  main {
    margin-top: 0;
    padding-top: 1.25rem;
  }
  .bar {
    background: var(--card);
    border-bottom: 1px solid var(--line);
  }
  .bar > div {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 0.5rem 1.25rem;
    max-width: 74rem;
    margin: 0 auto;
    padding: 0.6rem 1rem;
  }
  .bar a {
    color: var(--soft);
    text-decoration: none;
    padding: 0.25rem 0;
    border-bottom: 2px solid transparent;
  }
  .bar a:hover {
    color: var(--ink);
  }
  .bar a[aria-current] {
    color: var(--ink);
    border-color: var(--main);
  }
  .bar .home {
    color: var(--ink);
    font-weight: 700;
  }
  .bar nav {
    display: flex;
    gap: 1.1rem;
  }
  .bar form {
    display: flex;
    gap: 0.4rem;
  }
  .search {
    flex: 1 1 16rem;
  }
  input,
  select {
    min-width: 0;
    min-height: 2.5rem;
    padding: 0.45rem 0.65rem;
    border: 1px solid var(--field);
    border-radius: 8px;
    background: var(--card);
    color: var(--ink);
    font: inherit;
  }
  .search input {
    flex: 1;
  }
  button,
  .button {
    width: auto;
    padding: 0.45rem 0.8rem;
    border-radius: 8px;
  }
  button.quiet {
    background: none;
    border-color: var(--field);
    color: var(--ink);
    font-weight: 500;
  }
  h1 {
    font-size: 1.4rem;
    margin: 0 0 1rem;
  }
  h2 {
    font-size: 1.02rem;
    margin: 0 0 0.75rem;
  }
  p {
    margin: 0 0 0.75rem;
  }
  .card {
    min-width: 0;
    margin-bottom: 1rem;
    padding: 1rem 1.15rem;
    border-radius: 12px;
    box-shadow: none;
  }
  .grid {
    display: grid;
    grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr));
    gap: 1rem;
    margin-bottom: 1rem;
  }
  .grid > .card {
    margin: 0;
  }
  dl {
    margin-bottom: 0.75rem;
  }
  dl div {
    padding: 0.4rem 0;
  }
  dl:last-child div:last-child {
    border-bottom: 0;
  }
  pre {
    margin: 0.4rem 0 0;
    padding: 0.5rem 0.7rem;
    border-radius: 8px;
    background: var(--page);
    white-space: pre-wrap;
    overflow-wrap: anywhere;
    user-select: all;
  }
  .tag {
    display: inline-block;
    padding: 0.05rem 0.5rem;
    border-radius: 99px;
    background: var(--tint);
    color: var(--main);
    font-size: 0.85rem;
    font-weight: 600;
    white-space: nowrap;
  }
  .tag.good {
    background: var(--good-tint);
    color: var(--good);
  }
  .tag.warn {
    background: var(--warn-tint);
    color: var(--warn);
  }
  .tag.bad {
    background: var(--bad-tint);
    color: var(--bad);
  }
  .tag.none {
    background: none;
    color: var(--soft);
    padding-inline: 0;
  }
  .findings {
    list-style: none;
    margin: 0;
    padding: 0;
  }
  .findings li {
    padding: 0.65rem 0;
    border-top: 1px solid var(--line);
  }
  .findings li:first-child {
    border-top: 0;
    padding-top: 0;
  }
  .findings p {
    margin: 0.25rem 0 0;
  }
  summary {
    cursor: pointer;
  }
  table + details,
  details + details {
    margin-top: 0.5rem;
  }
  .findings + details,
  summary + .findings {
    margin-top: 0.65rem;
    padding-top: 0.65rem;
    border-top: 1px solid var(--line);
  }
  .soft {
    color: var(--soft);
  }
  .chart {
    display: block;
    width: 100%;
    height: auto;
  }
  .chart text {
    fill: var(--soft);
    font-size: 13px;
  }
  .chart .axis {
    stroke: var(--line);
  }
  .chart .main {
    fill: var(--main);
  }
  .chart .good {
    fill: var(--good);
  }
  .chart .warn {
    fill: var(--warn-line);
  }
  .chart .bad {
    fill: var(--bad);
  }
  .chart .none {
    fill: var(--soft);
  }
  .chart .rest {
    fill: var(--line);
  }
  .key {
    display: flex;
    flex-wrap: wrap;
    gap: 0.2rem 1.1rem;
    margin: 0.6rem 0 0;
    padding: 0;
    list-style: none;
  }
  .key + dl {
    margin-top: 0.8rem;
  }
  .key li {
    display: flex;
    align-items: center;
    gap: 0.4rem;
  }
  .key li::before {
    content: '';
    width: 0.7rem;
    height: 0.7rem;
    border-radius: 3px;
    background: var(--line);
  }
  .key .main::before {
    background: var(--main);
  }
  .key .good::before {
    background: var(--good);
  }
  .key .warn::before {
    background: var(--warn-line);
  }
  .key .bad::before {
    background: var(--bad);
  }
  .foot {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    justify-content: space-between;
    gap: 0.5rem 1rem;
    margin-top: 0.9rem;
  }
  .pages {
    display: flex;
    gap: 1rem;
  }
  small {
    font-size: 0.85em;
  }
  time {
    white-space: nowrap;
  }
  table {
    width: 100%;
    border-collapse: collapse;
  }
  th {
    padding: 0 0.75rem 0.4rem 0;
    color: var(--soft);
    font-size: 0.85rem;
    font-weight: 500;
    text-align: left;
  }
  td {
    padding: 0.5rem 0.75rem 0.5rem 0;
    border-top: 1px solid var(--line);
    vertical-align: top;
    overflow-wrap: anywhere;
  }
  td small,
  dd small {
    display: block;
    font-weight: 400;
  }
  @media (min-width: 46.01rem) {
    dd:has(small) {
      text-align: right;
    }
  }
  @media (max-width: 46rem) {
    table,
    tbody,
    tr,
    td {
      display: block;
    }
    thead {
      position: absolute;
      width: 1px;
      height: 1px;
      overflow: hidden;
      clip-path: inset(50%);
    }
    tr {
      padding: 0.6rem 0;
      border-top: 1px solid var(--line);
    }
    tr:first-child {
      border-top: 0;
    }
    tr {
      display: flex;
      flex-wrap: wrap;
      gap: 0.35rem 1rem;
    }
    /* Two in a row, or one where a word needs more than half of it. */
    td {
      flex: 1 0 calc(50% - 0.5rem);
      max-width: 100%;
      padding: 0;
      border: 0;
      overflow-wrap: break-word;
    }
    td::before {
      content: attr(data-label);
      display: block;
      color: var(--soft);
      font-size: 0.8rem;
    }
    td:first-child {
      flex-basis: 100%;
    }
    h1 {
      font-size: 1.2rem;
    }
    td .tag,
    td time {
      white-space: normal;
    }
    td:first-child::before {
      content: none;
    }
  }
  .ink {
    color: var(--ink);
  }
  .done {
    padding: 0.6rem 0.9rem;
    border-radius: 10px;
    background: var(--good-tint);
    color: var(--good);
  }
  .acts {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 0.6rem 1rem;
    margin-top: 0.9rem;
  }
  .steps {
    margin: 0;
    padding: 0;
    list-style: none;
  }
  .steps li {
    padding: 0.3rem 0;
    overflow-wrap: anywhere;
  }
  .steps time {
    margin-right: 0.6rem;
    color: var(--soft);
    font-variant-numeric: tabular-nums;
  }
  .length {
    max-width: 8rem;
    height: 6px;
    margin-top: 0.35rem;
  }
  .filter {
    display: flex;
    flex-wrap: wrap;
    align-items: end;
    gap: 0.6rem 1rem;
  }
  label {
    display: grid;
    gap: 0.2rem;
    color: var(--soft);
    font-size: 0.85rem;
  }
`
