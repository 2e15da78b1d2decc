/// The script of the page: plain JavaScript without a library, in parts that are joined in this order.
enum DocsScript {
  static let text = "'use strict';\n"
}
