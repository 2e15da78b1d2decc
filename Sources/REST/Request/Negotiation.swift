import Base
import Service

/// Which form an answer has (RFC 9110 section 12.5.1), and whether a body's form can be read (section 8.3).
enum Negotiation {
  /// Ranges looked at in one `Accept`; what lies beyond counts as absent.
  static let rangesMax = 32

  /// The best of `offers` (`type/subtype`, the server's favourite first) for an `Accept` value; nil where none will do.
  /// Without the header, or where nothing in it can be read, the favourite.
  static func choose(_ offers: [(type: String, subtype: String)], accept: String?) -> Int? {
    guard let accept else { return 0 }
    // What nearly every client sends.
    if accept == "*/*" { return 0 }
    let ranges = ranges(accept)
    if ranges.isEmpty { return 0 }
    var best: (number: Int, quality: Int)?
    for (number, offer) in offers.enumerated() {
      let quality = quality(of: offer, in: ranges)
      if quality > 0, quality > (best?.quality ?? 0) { best = (number, quality) }
    }
    return best?.number
  }

  /// Whether JSON will do.
  static func acceptsJSON(_ accept: String?) -> Bool {
    guard let accept, accept != "*/*", accept != "application/json" else { return true }
    return choose([("application", "json")], accept: accept) != nil
  }

  /// The form in which records are streamed, where an `Accept` value likes one better than JSON.
  static func transferForm(_ accept: String?) -> TransferForm? {
    guard let accept, accept != "*/*", accept != "application/json" else { return nil }
    let forms = TransferForm.allCases
    guard let chosen = choose([("application", "json")] + forms.map(\.mediaType), accept: accept), chosen > 0 else { return nil }
    return forms[chosen - 1]
  }

  /// The form of many records, where a `Content-Type` names one.
  static func transferForm(contentType: String?) throws(Failure) -> TransferForm? {
    guard let contentType, contentType != "application/json", let media = MediaType(contentType),
      let form = TransferForm.allCases.first(where: { $0.mediaType == (media.type, media.subtype) })
    else { return nil }
    for parameter in media.parameters where parameter.name == "charset" && !isUTF8(parameter.value) {
      throw Failure(.unsupportedMediaType, "Records are read in UTF-8 only")
    }
    for parameter in media.parameters where parameter.name == "header" && parameter.value == "absent" {
      throw Failure(.unsupportedMediaType, "Comma-separated values need a first line with the fields' names")
    }
    return form
  }

  private static func ranges(_ accept: String) -> [MediaType] {
    var reader = HeaderFieldReader(accept)
    var ranges: [MediaType] = []
    while !reader.atEnd, ranges.count < rangesMax {
      reader.skipSpace()
      if let media = MediaType(&reader), media.quality != nil { ranges.append(media) }
      // An element that cannot be read is passed over, up to the next comma.
      while let byte = reader.next(), byte != UInt8(ascii: ",") {}
    }
    return ranges
  }

  /// The quality of the most specific range that holds the offer.
  private static func quality(of offer: (type: String, subtype: String), in ranges: [MediaType]) -> Int {
    var specificity = 0
    var quality = 0
    for range in ranges {
      let rank: Int
      if range.type == offer.type, range.subtype == offer.subtype {
        // A parameter other than q asks for a variant: `charset=utf-8` is what JSON is, and others do not matter here.
        rank = 3
      } else if range.type == offer.type, range.subtype == "*" {
        rank = 2
      } else if range.type == "*", range.subtype == "*" {
        rank = 1
      } else {
        continue
      }
      if rank > specificity {
        specificity = rank
        quality = range.quality ?? 0
      }
    }
    return quality
  }

  static let jsonPatch = "json-patch+json"

  /// What a body may be.
  enum BodyForm: Sendable {
    case json
    /// `application/merge-patch+json` and `application/json-patch+json` as well.
    case patch

    var accepted: String { self == .json ? "application/json" : Negotiation.acceptedPatches }
  }

  /// As in `Accept-Patch` (RFC 5789 section 3.1).
  static let acceptedPatches = "application/merge-patch+json, application/json-patch+json, application/json"

  /// Throws `unsupported_media_type` unless the `Content-Type` is one of the form's, in UTF-8. Tells its subtype.
  @discardableResult
  static func demand(_ form: BodyForm, contentType: String?) throws(Failure) -> String {
    if contentType == "application/json" { return "json" }
    guard let contentType else {
      throw Failure(.unsupportedMediaType, "The body has no Content-Type; send it as \(form.accepted)")
    }
    guard let media = MediaType(contentType) else {
      throw Failure(.unsupportedMediaType, "The Content-Type is malformed; send the body as \(form.accepted)")
    }
    let isJSON = media.type == "application" && media.subtype == "json"
    let isPatch =
      form == .patch && media.type == "application" && (media.subtype == "merge-patch+json" || media.subtype == jsonPatch)
    guard isJSON || isPatch else {
      throw Failure(.unsupportedMediaType, "\("\(media.type)/\(media.subtype)".excerpt) cannot be read here; send \(form.accepted)")
    }
    for parameter in media.parameters where parameter.name == "charset" {
      guard isUTF8(parameter.value) else {
        throw Failure(.unsupportedMediaType, "JSON is read in UTF-8 only (RFC 8259 section 8.1)")
      }
    }
    return media.subtype
  }

  /// Throws `unsupported_media_type` where a body's `Content-Encoding` names anything but identity (RFC 9110 section 8.4): a
  /// compressed body would be read as JSON.
  static func demandIdentity(contentEncoding: String?) throws(Failure) {
    guard let contentEncoding else { return }
    var reader = HeaderFieldReader(contentEncoding)
    while !reader.atEnd {
      reader.skipSpace()
      guard !reader.atEnd, !reader.take(UInt8(ascii: ",")) else { continue }
      guard reader.token() == "identity" else {
        var failure = Failure(
          .unsupportedMediaType, "Bodies are read as they are; send this one without a Content-Encoding")
        failure.isOfCoding = true
        throw failure
      }
    }
  }

  private static func isUTF8(_ name: String) -> Bool {
    let folded = name.utf8.map(\.lowercased)
    return folded.elementsEqual("utf-8".utf8) || folded.elementsEqual("utf8".utf8)
  }
}
