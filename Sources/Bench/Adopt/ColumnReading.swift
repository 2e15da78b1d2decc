import Store

/// Finds the type of a SQLite column from what it declares and what its rows hold.
struct ColumnReading {
  let declared: DeclaredType
  let survey: ColumnSurvey
  let texts: [String]
  let checks: ColumnChecks
  let isIndexed: Bool

  /// The type with its options; nil where there is none for it.
  func form() -> FieldForm? {
    var form = FieldForm([])
    return read(into: &form) ? form : nil
  }

  private func read(into field: inout FieldForm) -> Bool {
    if let values = checks.values, let form = FieldForm.enumeration(values) {
      field = form
      return true
    }
    if survey.blobs == survey.values ? survey.blobs > 0 || declared.isBlob : survey.blobs == survey.sixteens && declared.isUUID {
      return readBlob(&field)
    }
    if survey.blobs > 0 { field.comments.append("rows that hold bytes are shown as they are, in base64: \(survey.blobs)") }
    if declared.isBoolean, readBoolean(&field) { return true }
    if declared.isTime, readTime(&field) { return true }
    if declared.isUUID || survey.lengthMax == 36, survey.uuids == survey.texts, survey.texts > 0, survey.integers + survey.reals == 0 {
      field.options = [("type", "uuid"), ("stored_as", "text")]
      return true
    }
    if declared.isJSON, survey.documents == survey.values {
      field.options = [("type", "json")]
      return true
    }
    if survey.texts > 0 || (survey.values == 0 && (declared.isText || !(declared.isInteger || declared.isReal || declared.isExact))) {
      readText(&field)
    } else {
      readNumber(&field)
    }
    return true
  }

  private func readBlob(_ field: inout FieldForm) -> Bool {
    guard survey.values > 0, survey.sixteens == survey.blobs else { return false }
    field.options = [("type", "uuid")]
    return true
  }

  private func readBoolean(_ field: inout FieldForm) -> Bool {
    if survey.bits == survey.values {
      field.options = [("type", "boolean")]
      return true
    }
    guard survey.texts == survey.values, texts.count <= 2 else { return false }
    let pairs = [("Y", "N"), ("y", "n"), ("T", "F"), ("t", "f"), ("true", "false"), ("TRUE", "FALSE"), ("yes", "no"), ("1", "0")]
    guard let pair = pairs.first(where: { pair in texts.allSatisfy { $0 == pair.0 || $0 == pair.1 } }) else { return false }
    field.options = [
      ("type", "boolean"), ("stored_as", "{yes: \(ContractText.quoted(pair.0)), no: \(ContractText.quoted(pair.1))}"),
    ]
    return true
  }

  private func readTime(_ field: inout FieldForm) -> Bool {
    let isEmpty = survey.values == 0
    if survey.dates == survey.values, !isEmpty || declared.isDay {
      field.options = [("type", "date"), ("stored_as", "text")]
    } else if survey.dates + survey.timestamps == survey.values {
      field.options = [("type", "timestamp"), ("stored_as", "text")]
    } else if survey.integers == survey.values, let low = survey.minimum, let high = survey.maximum, low >= 0 {
      // Seconds reach 1e11 in the year 5138, where milliseconds stand at March 1973.
      let isSeconds = high < 1e11
      guard isSeconds ? high <= 253_402_300_799 : high <= 253_402_300_799_000 else { return false }
      field.options = [("type", "timestamp"), ("stored_as", isSeconds ? "unix" : "unix_milliseconds")]
    } else {
      field.comments.append("\(declared.name) holds values of more than one form: read as they are")
      return false
    }
    return true
  }

  private func readText(_ field: inout FieldForm) {
    if survey.integers + survey.reals > 0 { field.comments.append("some rows hold numbers: read as their text") }
    let declaredMax = declared.isText ? declared.numbers.first.flatMap { (1...65_536).contains($0) ? $0 : nil } : nil
    if let declaredMax {
      let most = max(declaredMax, survey.lengthMax)
      if most > declaredMax { field.comments.append("\(declared.name)(\(declaredMax)), but rows hold up to \(most) characters") }
      if most <= 65_536 {
        field.options = [("type", "string"), ("length", "0..\(most)")]
        field.lengthMax = most
        return
      }
    }
    if isIndexed, survey.lengthMax <= AdoptedField.indexedLengthMax {
      field.options = [("type", "string"), ("length", "0..\(AdoptedField.indexedLengthMax)")]
      field.lengthMax = AdoptedField.indexedLengthMax
      return
    }
    let most = survey.lengthMax <= 65_536 ? 65_536 : 16 << 20
    field.options = most == 65_536 ? [("type", "text")] : [("type", "text"), ("length", "0..\(most)")]
    field.lengthMax = most
  }

  private func readNumber(_ field: inout FieldForm) {
    if declared.isExact, let scale = declared.scale, scale > 0, survey.finer == 0 {
      let precision = min(18, max(declared.numbers[0], scale))
      let most = max(abs(survey.minimum ?? 0), abs(survey.maximum ?? 0))
      if most < 1e15 {
        field.options = [("type", "decimal"), ("precision", "\"\(precision),\(scale)\""), ("stored_as", "real")]
        if declared.numbers[0] > 18 { field.comments.append("\(declared.numbers[0]) digits declared; a decimal has 18") }
        return
      }
    }
    if survey.reals == 0, declared.isInteger || survey.integers > 0 || declared.isExact {
      field.options = [("type", "integer")]
    } else {
      field.options = [("type", "number")]
      if declared.isExact, survey.finer > 0 { field.comments.append("rows hold more digits after the point than declared") }
    }
    if let minimum = checks.minimum { field.options.append(("minimum", minimum)) }
    if let maximum = checks.maximum { field.options.append(("maximum", maximum)) }
  }
}
