import Contract

/// The page at `/docs`: a frame that the script fills from the OpenAPI document.
enum DocsPage {
  static func text(_ contract: Contract) -> String {
    let name = HTMLText.escape(contract.service.name)
    let version = HTMLText.escape(contract.service.version)
    return """
      <!doctype html>
      <html lang="en" data-openapi="/\(version)/openapi.json">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="color-scheme" content="light dark">
      <title>\(name) API</title>
      <link rel="icon" href="/docs/icon.svg" type="image/svg+xml">
      <link rel="stylesheet" href="/docs/style.css">
      <script src="/docs/app.js" defer></script>
      </head>
      <body>
      <a class="skip" href="#content">Skip to content</a>
      <header class="top">
      <button id="menu" class="icon" aria-label="Menu" aria-expanded="false" aria-controls="nav">&#9776;</button>
      <a class="brand" href="#/"><img src="/docs/icon.svg" alt="" width="22" height="22"><b>\(name)</b> <span>\(version)</span></a>
      <div class="find"><input id="search" type="search" placeholder="Search  /" aria-label="Search operations and fields"
      autocomplete="off" spellcheck="false"></div>
      <button id="auth" class="quiet" aria-haspopup="dialog">Token</button>
      <button id="theme" class="icon" aria-label="Switch between light and dark">&#9680;</button>
      </header>
      <nav id="nav" aria-label="Resources"></nav>
      <main id="content" tabindex="-1"><p class="loading">Reading the description&#8230;</p></main>
      <noscript><p class="loading">This page needs JavaScript. The description itself is at
      <a href="/\(version)/openapi.json">/\(version)/openapi.json</a>.</p></noscript>
      </body>
      </html>

      """
  }

  /// A martlet, very small.
  static let icon = """
    <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#0b6e4f"/>\
    <path d="M5 13c5-1 8 0 11 3 2-5 6-8 12-8-3 2-5 4-6 7 1 5-3 9-8 9-4 0-6-2-7-4 2 1 4 1 5 0-4-1-6-3-7-7z" fill="#fff"/></svg>

    """
}
