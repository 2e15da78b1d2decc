/// The style of the page and of the error pages.
enum DocsStyle {
  static let text = ":root { color-scheme: light dark; font-family: system-ui, sans-serif }\n"
}
