import Service

/// The pages under `/problems`: what a code means and what to do, from the table that the answers come from.
enum ProblemPage {
  static func document(_ code: FailureCode) -> StaticDocument {
    let texts = code.texts
    let siblings = FailureCode.allCases.filter { $0.status == code.status && $0 != code }
    var body = """
      <p class="crumbs"><a href="/problems">Errors</a></p>
      <h1><span class="status s\(code.status / 100)">\(code.status)</span> <code>\(code.rawValue)</code></h1>
      <p class="lead">\(HTMLText.escape(texts.title)).</p>
      <h2>What it means</h2><p>\(HTMLText.escape(texts.meaning))</p>
      <h2>What to do</h2><p>\(HTMLText.escape(texts.remedy))</p>
      <h2>Retrying</h2><p>\(retrying(code))</p>
      <h2>How it looks</h2><pre><code>\(HTMLText.escape(sample(code)))</code></pre>
      """
    if !siblings.isEmpty {
      body += "<h2>Other errors with the status \(code.status)</h2><ul>"
      for sibling in siblings {
        body +=
          "<li><a href=\"/problems/\(sibling.rawValue)\"><code>\(sibling.rawValue)</code></a> "
          + HTMLText.escape(sibling.texts.title) + "</li>"
      }
      body += "</ul>"
    }
    return page(title: code.rawValue, body)
  }

  static func index() -> StaticDocument {
    var body = """
      <p class="crumbs"><a href="/docs">API reference</a></p><h1>Errors</h1>
      <p class="lead">Every error of this API is a problem document (RFC 9457). Decide by its <code>code</code>: the codes are
      stable, titles and details are for people.</p>
      <table><thead><tr><th>Status</th><th>Code</th><th>Title</th></tr></thead><tbody>
      """
    for code in FailureCode.allCases.sorted(by: { $0.status < $1.status }) {
      body += """
        <tr><td><span class="status s\(code.status / 100)">\(code.status)</span></td>
        <td><a href="/problems/\(code.rawValue)"><code>\(code.rawValue)</code></a></td>
        <td>\(HTMLText.escape(code.texts.title))</td></tr>
        """
    }
    return page(title: "Errors", body + "</tbody></table>")
  }

  private static func retrying(_ code: FailureCode) -> String {
    code.isRetryable
      ? "The same request may succeed later. Wait for the time in <code>Retry-After</code> where there is one, else a little "
        + "longer before each try; send writes with the same <code>Idempotency-Key</code>."
      : "Sending the same request again gives the same answer."
  }

  private static func sample(_ code: FailureCode) -> String {
    """
    HTTP/1.1 \(code.status)
    Content-Type: application/problem+json

    {
      "type": "https://api.example.com/problems/\(code.rawValue)",
      "title": "\(code.texts.title)",
      "status": \(code.status),
      "code": "\(code.rawValue)",
      "detail": "\(code.texts.example.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\\\""))",
      "instance": "/v1/orders",
      "request_id": "01890a5d-ac96-774b-bcce-b302099a8057"
    }
    """
  }

  private static func page(title: String, _ body: String) -> StaticDocument {
    let text = """
      <!doctype html>
      <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="color-scheme" content="light dark">
      <title>\(HTMLText.escape(title))</title><link rel="icon" href="/docs/icon.svg" type="image/svg+xml">
      <link rel="stylesheet" href="/docs/style.css"></head>
      <body class="article"><main>\(body)</main></body></html>

      """
    return StaticDocument(Array(text.utf8), "text/html; charset=utf-8", isPage: true)
  }
}
