/// The style of the page and of the error pages.
enum DocsStyle {
  static let text = colours + frame + content + operations + narrow

  private static let colours = """
    :root {
      color-scheme: light dark;
      --ground: #fff; --raised: #f6f8f7; --sunken: #eef2f0; --line: #dbe3df; --ink: #17211d; --faint: #5b6a63;
      --accent: #0b6e4f; --on-accent: #fff; --mark: #e5f4ee;
      --get: #0b6e4f; --post: #1d5fbf; --put: #8a5a00; --patch: #7a3fb5; --delete: #b3261e;
      --string: #0b6e4f; --number: #1d5fbf; --word: #8a3fb5; --key: #17211d;
      --mono: ui-monospace, "SF Mono", "Cascadia Code", "DejaVu Sans Mono", Menlo, Consolas, monospace;
    }
    @media (prefers-color-scheme: dark) { :root:not([data-theme="light"]) {
      --ground: #111715; --raised: #18201d; --sunken: #0c110f; --line: #2b3733; --ink: #e4ece8; --faint: #96a59e;
      --accent: #4fc79b; --on-accent: #06251a; --mark: #17352a;
      --get: #4fc79b; --post: #7db2ff; --put: #e3b341; --patch: #c99bff; --delete: #ff8a80;
      --string: #7fd6b3; --number: #8ebcff; --word: #d2abff; --key: #e4ece8;
    } }
    :root[data-theme="dark"] {
      color-scheme: dark;
      --ground: #111715; --raised: #18201d; --sunken: #0c110f; --line: #2b3733; --ink: #e4ece8; --faint: #96a59e;
      --accent: #4fc79b; --on-accent: #06251a; --mark: #17352a;
      --get: #4fc79b; --post: #7db2ff; --put: #e3b341; --patch: #c99bff; --delete: #ff8a80;
      --string: #7fd6b3; --number: #8ebcff; --word: #d2abff; --key: #e4ece8;
    }
    :root[data-theme="light"] { color-scheme: light; }

    """

  private static let frame = """
    * { box-sizing: border-box; }
    html { scroll-padding-top: 4.5rem; }
    body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.55 system-ui, -apple-system, "Segoe UI", sans-serif; }
    a { color: var(--accent); text-underline-offset: .15em; }
    :focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
    button, input, select, textarea { font: inherit; color: inherit; }
    code, pre, textarea, .path, .method { font-family: var(--mono); font-size: .875em; }
    ::placeholder { color: var(--faint); opacity: 1; }
    button { cursor: pointer; }
    button:disabled { opacity: .6; cursor: progress; }
    .skip { position: absolute; left: -99rem; }
    .skip:focus { left: 1rem; top: .5rem; z-index: 9; background: var(--ground); padding: .5rem 1rem; }
    .offscreen { position: fixed; left: -99rem; }
    .muted, small { color: var(--faint); }
    .top { position: sticky; top: 0; z-index: 5; display: flex; align-items: center; gap: .75rem; height: 3.5rem; padding: 0 1.25rem;
      background: var(--ground); border-bottom: 1px solid var(--line); }
    .brand { display: flex; align-items: center; gap: .55rem; color: inherit; text-decoration: none; white-space: nowrap; min-width: 14.5rem; }
    .brand img { border-radius: 5px; }
    .brand span { color: var(--faint); }
    .find { flex: 1; max-width: 34rem; }
    .find input { width: 100%; padding: .4rem .8rem; border: 1px solid var(--line); border-radius: 8px; background: var(--raised); }
    .top .quiet { margin-left: auto; }
    .quiet, .mini, .copy, .icon { border: 1px solid var(--line); border-radius: 8px; background: var(--ground); padding: .35rem .8rem; }
    .quiet:hover, .mini:hover, .copy:hover, .icon:hover { border-color: var(--accent); }
    .quiet.on { border-color: var(--accent); background: var(--mark); }
    .icon { padding: .3rem .6rem; }
    #menu { display: none; }
    nav { position: fixed; top: 3.5rem; bottom: 0; width: 16.5rem; overflow-y: auto; padding: 1rem .75rem 2rem 1.25rem; border-right: 1px solid var(--line); }
    nav a { display: flex; align-items: center; gap: .5rem; padding: .22rem .5rem; border-radius: 6px; color: inherit; text-decoration: none; }
    nav a:hover { background: var(--raised); }
    nav .tagname { font-weight: 600; }
    nav [aria-current] { background: var(--mark); color: var(--accent); }
    nav .item { color: var(--faint); }
    nav .group { margin-top: .35rem; }
    nav ul { list-style: none; margin: .15rem 0 .4rem; padding: 0; font-size: .9rem; }
    nav li a span:last-child { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
    nav .method { min-width: 3.6rem; }
    main { margin-left: 16.5rem; padding: 1.5rem 2.5rem 6rem; max-width: 100rem; outline: none; }
    .article main { margin: 0 auto; max-width: 48rem; padding: 2.5rem 1.25rem 5rem; }
    .crumbs { margin: 0 0 1rem; }

    """

  private static let content = """
    h1 { font-size: 1.9rem; line-height: 1.2; margin: .3rem 0 .8rem; letter-spacing: -.01em; }
    h1 small { font-weight: 400; font-size: .6em; }
    h2 { font-size: 1.2rem; margin: 2rem 0 .7rem; }
    h3 { font-size: .8rem; margin: 1.3rem 0 .5rem; text-transform: uppercase; letter-spacing: .05em; color: var(--faint); }
    h3 small { text-transform: none; letter-spacing: 0; }
    p { max-width: 46rem; margin: .5rem 0; }
    .lead { font-size: 1.15rem; }
    :not(pre) > code { background: var(--sunken); border-radius: 4px; padding: .1em .35em; overflow-wrap: anywhere; }
    table { border-collapse: collapse; width: 100%; font-size: .92rem; }
    th, td { text-align: left; vertical-align: top; padding: .5rem .9rem .5rem 0; border-bottom: 1px solid var(--line); }
    thead th { color: var(--faint); font-weight: 500; font-size: .8rem; }
    tbody th { font-weight: 400; }
    th code { overflow-wrap: anywhere; }
    tbody th { width: 26%; }
    tbody th .tag { white-space: nowrap; }
    .fields td:nth-child(2) { min-width: 9rem; }
    .fields td:nth-child(2) small { display: block; }
    .type { color: var(--faint); }
    .tag { display: inline-block; margin-left: .35rem; padding: 0 .4em; border: 1px solid var(--line); border-radius: 4px; font-size: .75rem; color: var(--faint); }
    .tag.required { color: var(--delete); border-color: currentcolor; }
    .facts { display: grid; grid-template-columns: max-content 1fr; gap: .35rem 1.5rem; margin: 1.2rem 0; }
    .facts dt { color: var(--faint); }
    .facts dd { margin: 0; }
    .dot { display: inline-block; width: .65em; height: .65em; border-radius: 50%; background: var(--put); }
    .dot.ok { background: var(--get); }
    .dot.failing { background: var(--delete); }
    .cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(15.5rem, 1fr)); gap: .9rem; }
    .card { display: flex; flex-direction: column; gap: .3rem; padding: 1rem 1.1rem; border: 1px solid var(--line); border-radius: 12px; background: var(--raised);
      color: inherit; text-decoration: none; }
    .card:hover { border-color: var(--accent); }
    .card > span { color: var(--faint); font-size: .92rem; }
    .card .dots { display: flex; flex-wrap: wrap; gap: .1rem .6rem; margin-top: auto; padding-top: .5rem; }
    .status { display: inline-block; min-width: 2.6em; padding: 0 .45em; border-radius: 5px; font: 600 .82rem/1.6 var(--mono); text-align: center; color: var(--ground); background: var(--faint); }
    .status.s2 { background: var(--get); }
    .status.s3 { background: var(--post); }
    .status.s4 { background: var(--put); }
    .status.s5 { background: var(--delete); }
    .article h1 .status { font-size: 1.2rem; }
    pre { margin: 0; padding: .9rem 1rem; overflow: auto; max-height: 32rem; background: var(--sunken); border: 1px solid var(--line); border-radius: 8px; line-height: 1.5; tab-size: 2; }
    .block { position: relative; margin: .5rem 0 .9rem; }
    .block .copy { position: absolute; right: .5rem; bottom: .5rem; padding: .1rem .6rem; font-size: .8rem; opacity: .75; }
    .block:hover .copy, .block .copy:focus-visible { opacity: 1; }
    .caption { font-size: .85rem; color: var(--faint); margin-bottom: .2rem; }
    .json .key { color: var(--key); font-weight: 600; }
    .json .string { color: var(--string); }
    .json .number { color: var(--number); }
    .json .word { color: var(--word); }

    """

  private static let operations = """
    .method { text-transform: uppercase; font-weight: 700; font-size: .75rem; letter-spacing: .03em; }
    .method.get { color: var(--get); } .method.post { color: var(--post); } .method.put { color: var(--put); }
    .method.patch { color: var(--patch); } .method.delete { color: var(--delete); }
    summary { cursor: pointer; }
    .record, .op { border: 1px solid var(--line); border-radius: 12px; margin: .6rem 0; background: var(--ground); }
    .record { padding: .2rem 1.1rem .3rem; }
    .record > summary { padding: .5rem 0; font-weight: 600; }
    .op > summary { display: flex; align-items: baseline; gap: .8rem; padding: .75rem 1.1rem; border-radius: 12px; list-style: none; }
    .op > summary::-webkit-details-marker { display: none; }
    .op > summary:hover { background: var(--raised); }
    .op[open] { box-shadow: 0 1px 12px rgb(0 0 0 / 6%); }
    .op[open] > summary { border-bottom: 1px solid var(--line); border-radius: 12px 12px 0 0; background: var(--raised); }
    .op > summary .method { min-width: 4rem; }
    .path { overflow-wrap: anywhere; }
    .path i { color: var(--faint); }
    .summary { color: var(--faint); margin-left: auto; text-align: right; }
    .lock { align-self: center; margin: 0; }
    .body { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 30rem); gap: 2rem; padding: .7rem 1.1rem 1.3rem; }
    .anchor { font-size: .85rem; }
    .answer { border-bottom: 1px solid var(--line); }
    .answer > summary { padding: .45rem 0; }
    .inside { padding: .2rem 0 .8rem 1rem; }
    .plain { padding-left: 1rem; margin: .2rem 0; font-size: .92rem; }
    .try { align-self: start; position: sticky; top: 4.5rem; max-height: calc(100vh - 5.5rem); overflow-y: auto; padding: .2rem 1.1rem 1.1rem; border: 1px solid var(--line); border-radius: 10px; background: var(--raised); }
    .field { display: flex; align-items: center; gap: .6rem; margin: .45rem 0; }
    .field label { flex: 0 0 8.6rem; font: .82rem var(--mono); overflow-wrap: anywhere; }
    .field label b { color: var(--delete); }
    .field input, .field select, .try textarea, dialog textarea { flex: 1; min-width: 0; width: 100%; padding: .35rem .6rem; border: 1px solid var(--line); border-radius: 7px; background: var(--ground); }
    .field input, .field select { font-size: .9rem; }
    .field ::placeholder { font-style: italic; }
    .field.wide { display: block; }
    .try textarea, dialog textarea { resize: vertical; line-height: 1.45; }
    .mini { padding: .2rem .6rem; font-size: .85rem; }
    .more { margin: .5rem 0; }
    .more summary { color: var(--faint); font-size: .9rem; }
    .actions { display: flex; align-items: center; gap: .7rem; margin: .8rem 0; }
    .send { border: 0; border-radius: 8px; padding: .45rem 1.3rem; background: var(--accent); color: var(--on-accent); font-weight: 600; }
    .send:hover { filter: brightness(1.08); }
    .curl pre { white-space: pre-wrap; overflow-wrap: anywhere; padding-right: 4.5rem; max-height: 9rem; font-size: .85rem; background: var(--ground); }
    .output .result { margin: .9rem 0 .4rem; }
    .failed { color: var(--delete); }
    dialog { width: min(34rem, calc(100vw - 2rem)); border: 1px solid var(--line); border-radius: 14px; padding: 1.2rem 1.5rem; background: var(--ground); color: var(--ink); }
    dialog::backdrop { background: rgb(0 0 0 / 45%); }
    dialog h2 { margin: 0 0 .5rem; }
    dialog label { display: block; margin: .6rem 0 .2rem; }
    dialog .check { display: flex; gap: .5rem; align-items: center; }

    """

  private static let narrow = """
    @media (max-width: 1250px) { .body { grid-template-columns: minmax(0, 1fr); } .try { position: static; max-height: none; } }
    @media (max-width: 900px) {
      #menu { display: block; }
      .brand { min-width: 0; }
      .brand span { display: none; }
      .top { padding: 0 .75rem; gap: .5rem; }
      nav { display: none; width: 100%; z-index: 4; background: var(--ground); border: 0; }
      .menu nav { display: block; }
      main { margin-left: 0; padding: 1rem 1rem 4rem; }
      .op > summary { flex-wrap: wrap; gap: .2rem .7rem; }
      .summary { flex-basis: 100%; margin: 0; text-align: left; }
      .field { display: block; }
      .field label { display: block; margin-bottom: .15rem; }
    }
    @media (max-width: 600px) {
      .fields, .fields tbody, .fields tr, .fields tbody th, .fields td { display: block; width: auto; }
      .fields thead { position: absolute; left: -99rem; }
      .fields tr { padding: .55rem 0; border-bottom: 1px solid var(--line); }
      .fields tbody th, .fields td { padding: .1rem 0; border: 0; }
      .fields td:nth-child(2) small { display: inline; margin-left: .6rem; }
      .body { gap: 1rem; }
    }
    @media (prefers-reduced-motion: no-preference) { .card, .op { transition: border-color .15s, box-shadow .15s; } }
    @media print { .top, nav, .try { display: none; } main { margin: 0; } .body { display: block; } }

    """
}
