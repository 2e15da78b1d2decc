import Base
import Contract

/// Writes a contract as YAML.
enum ContractText {
  static func write(resources: [AdoptedResource], callers: String?, service: String, url: String) -> String {
    var lines: [String] = [
      "# Written by `martlet adopt`. Every access rule is `nobody` until you decide: see access under each resource.",
      "# Tables that were there before are never changed by Martlet unless a resource says `managed: true`.", "martlet: 1", "",
      "service:", "  name: \(quoted(service))", "  version: v1", "", "store:", "  url: \"${DATABASE_URL:-\(url)}\"", "",
    ]
    let served = resources.filter { $0.key != nil }
    for left in resources where left.key == nil {
      lines.append(comment("\(left.label) is left out:", indent: 0))
      lines += left.comments.map { comment($0, indent: 0) }
      lines.append("")
    }
    lines.append(served.isEmpty ? "resources: {}" : "resources:")
    if let callers {
      lines.append("  # The table of callers, which Martlet makes: a table that was there has its usual name.")
      lines.append("  users: {table: \(quoted(callers))}")
    }
    for resource in served { lines += write(resource) }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func write(_ resource: AdoptedResource) -> [String] {
    var lines = ["  \(quoted(resource.name)):"]
    lines += resource.comments.map { comment($0, indent: 4) }
    if let description = resource.description { lines.append("    description: \(quoted(limited(description)))") }
    lines.append("    table: \(quoted(resource.table))")
    if let schema = resource.schema { lines.append("    schema: \(quoted(schema))") }
    switch resource.key {
    case .single(_, let options): lines.append("    id: \(mapping(options))")
    case .composite(let columns): lines.append("    id: {columns: \(list(columns))}")
    case nil: break
    }
    if resource.isReadOnly { lines.append("    read_only: true") }
    lines.append("    revision: none")
    if !resource.fields.isEmpty || !resource.collections.isEmpty { lines.append("    fields:") }
    for field in resource.fields {
      lines += field.comments.map { comment($0, indent: 6) }
      lines.append("      \(quoted(field.name)): \(mapping(options(field)))")
    }
    for collection in resource.collections {
      lines.append("      \(quoted(collection.name)): {many: \(quoted(collection.resource)), by: \(quoted(collection.by))}")
    }
    if !resource.uniques.isEmpty { lines.append("    unique: [\(resource.uniques.map(list).joined(separator: ", "))]") }
    if !resource.filterable.isEmpty { lines.append("    filterable: \(list(resource.filterable))") }
    if !resource.indexes.isEmpty { lines.append("    indexes: [\(resource.indexes.map(list).joined(separator: ", "))]") }
    lines.append(
      resource.isReadOnly ? "    access: {read: nobody}" : "    access: {create: nobody, read: nobody, update: nobody, delete: nobody}")
    return lines
  }

  private static func options(_ field: AdoptedField) -> [(key: String, value: String)] {
    var options = field.options
    if field.column != field.name { options.append(("column", quoted(field.column))) }
    if field.isRequired, !options.contains(where: { $0.key == "generated" }) { options.append(("required", "true")) }
    if field.isUnique { options.append(("unique", "true")) } else if field.isIndexed { options.append(("index", "true")) }
    if let description = field.description { options.append(("description", quoted(limited(description)))) }
    return options
  }

  /// Whether the language takes a field with these options: conditions may contradict each other, and values be too long.
  static func isTaken(_ options: [(key: String, value: String)]) -> Bool {
    // A type alone is always taken.
    guard options.count > 1 else { return true }
    let table = "{table: t, id: {column: k, type: integer}, revision: none, fields: {x: \(mapping(options))}}"
    return ContractLoader.load(text: "martlet: 1\nservice: {name: t}\nresources: {t: \(table)}\n").contract != nil
  }

  private static func mapping(_ options: [(key: String, value: String)]) -> String {
    "{" + options.map { "\($0.key): \($0.value)" }.joined(separator: ", ") + "}"
  }

  static func list(_ texts: [String]) -> String { "[" + texts.map(quoted).joined(separator: ", ") + "]" }

  /// A description's characters, at most.
  private static let descriptionMax = 2_000

  private static func limited(_ text: String) -> String {
    let scalars = text.unicodeScalars
    return scalars.count <= descriptionMax ? text : String(String.UnicodeScalarView(scalars.prefix(descriptionMax - 1))) + "\u{2026}"
  }

  private static func comment(_ text: String, indent: Int) -> String {
    var line = String.UnicodeScalarView()
    for scalar in text.unicodeScalars { line.append(isUnprintable(scalar) ? " " : scalar) }
    return String(repeating: " ", count: indent) + "# " + String(line)
  }

  /// What may not stand in a YAML text as it is (YAML 1.2.2 section 5.1), and what ends a line or looks as if it did.
  private static func isUnprintable(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0..<0x20, 0x7f..<0xa0, 0x2028, 0x2029, 0xfeff, 0xfffe, 0xffff: true
    default: false
    }
  }

  private static func escape(_ scalar: Unicode.Scalar) -> String {
    let digits = String(scalar.value, radix: 16)
    return (digits.count > 2 ? "\\u" : "\\x") + String(repeating: "0", count: digits.count % 2) + digits
  }

  /// Words that YAML or older readers of it take for something else than text.
  private static let special: Set<String> = ["null", "true", "false", "yes", "no", "on", "off", "y", "n", "nobody", "anyone"]

  /// A text as a YAML scalar: plain where it is a plain word, else in double quotes. `${` is never a variable.
  static func quoted(_ text: String) -> String {
    let isWord = text.utf8.allSatisfy { $0.isLetter || $0.isDigit || $0 == UInt8(ascii: "_") }
    if isWord, let first = text.utf8.first, first.isLetter || first == UInt8(ascii: "_"), !special.contains(text.lowercased()) {
      return text
    }
    var out = "\""
    var previous: Unicode.Scalar = " "
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": out += "\\\""
      case "\\": out += "\\\\"
      // `$${` stands for `${`.
      case "{" where previous == "$": out += "${"
      case _ where isUnprintable(scalar): out += escape(scalar)
      default: out.unicodeScalars.append(scalar)
      }
      previous = scalar
    }
    return out + "\""
  }
}
