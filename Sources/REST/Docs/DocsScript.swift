/// The script of the page: plain JavaScript without a library, in parts that are joined in this order.
///
/// Whatever comes from the description or from an answer becomes text nodes, never markup.
enum DocsScript {
  static let text = "'use strict';\n(() => {\n" + core + schemas + operations + attempts + shell + "})();\n"
}
