import Contract

extension DocsAsset {
  /// The asset's text. The page names the service; everything else it reads from the OpenAPI document.
  func document(_ contract: Contract) -> StaticDocument {
    switch self {
    case .page: StaticDocument(Array(DocsPage.text(contract).utf8), "text/html; charset=utf-8", isPage: true)
    case .script: StaticDocument(Array(DocsScript.text.utf8), "text/javascript; charset=utf-8")
    case .style: StaticDocument(Array(DocsStyle.text.utf8), "text/css; charset=utf-8")
    case .icon: StaticDocument(Array(DocsPage.icon.utf8), "image/svg+xml")
    }
  }
}
