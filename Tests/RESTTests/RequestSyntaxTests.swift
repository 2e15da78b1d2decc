import Service
import Testing

@testable import REST

@Suite("Request syntax")
struct RequestSyntaxTests {
  private func query(_ text: String) throws(Failure) -> QueryString { try QueryString(Array(text.utf8)[...]) }

  @Test(
    "a malformed or doubled parameter is refused",
    arguments: ["a=%", "a=%2", "a=%gg", "a=%ff", "%zz=1", "a=1&a=2", "a=1&%61=2", "=1", "a=%00"])
  func badQuery(_ text: String) {
    let failure = #expect(throws: Failure.self) { try query(text) }
    #expect(failure?.code == .badParameter)
  }

  @Test("more parameters than any request of ours has are refused")
  func tooMany() {
    let text = (0...QueryString.parametersMax).map { "p\($0)=1" }.joined(separator: "&")
    #expect(throws: Failure.self) { try query(text) }
  }

  @Test("parameters are decoded, a plus is a space")
  func decoded() throws {
    let parsed = try query("a=b+c&&d=%2B%20x&e&f=x=y")
    #expect(parsed.parameters.map(\.name) == ["a", "d", "e", "f"])
    #expect(parsed.parameters.map(\.value) == ["b c", "+ x", "", "x=y"])
  }

  @Test("a list's parameters go to their places, the rest to the equalities")
  func list() throws {
    let list = try query("limit=5&status=paid&sort=-placed&after=x&before=y&filter=a&fields=id&include=b&count=exact&nope=1").list()
    #expect(list.limit == "5" && list.sort == "-placed" && list.after == "x" && list.before == "y")
    #expect(list.filter == "a" && list.fields == "id" && list.include == "b" && list.count == "exact")
    #expect(list.equals.map(\.name) == ["status", "nope"])
  }

  @Test("a QUERY body says the same as a URL")
  func queryBody() throws {
    let body = #"{"limit":5,"sort":["-placed","id"],"status":"paid","open":true,"fields":"id"}"#
    let list = try ListParameters(queryBody: Array(body.utf8))
    #expect(list.limit == "5" && list.sort == "-placed,id" && list.fields == "id")
    #expect(list.equals.map(\.name) == ["status", "open"] && list.equals.map(\.value) == ["paid", "true"])
  }

  @Test(
    "a QUERY body of another shape is refused", arguments: ["[]", "1", "{\"limit\":{}}", "{\"status\":[\"a\"]}", "{\"limit\":null}", "{"])
  func badQueryBody(_ text: String) {
    #expect(throws: Failure.self) { try ListParameters(queryBody: Array(text.utf8)) }
  }

  @Test(
    "entity tags that are none are refused",
    arguments: ["", " ", ",", "abc", "\"a", "a\"", "w/\"a\"", "W/a", "W\"a\"", "\"a\" \"b\"", "*, \"a\"", "\"a\", *", "\"a b\"", "**"])
  func badTags(_ text: String) {
    let failure = #expect(throws: Failure.self) { try EntityTagList.parse(text, header: "If-Match") }
    #expect(failure?.code == .badRequest)
  }

  @Test("more entity tags than any client sends are refused")
  func tooManyTags() {
    let text = (0...EntityTagList.tagsMax).map { "\"\($0)\"" }.joined(separator: ",")
    #expect(throws: Failure.self) { try EntityTagList.parse(text, header: "If-Match") }
  }

  @Test("entity tags are read, weak ones keep their mark")
  func tags() throws {
    #expect(try EntityTagList.parse(" * ", header: "If-Match") == .any)
    #expect(try EntityTagList.parse("\"1.x\"", header: "If-Match") == .tags(["1.x"]))
    #expect(try EntityTagList.parse("\"a\" , W/\"b\",,\"\"", header: "If-Match") == .tags(["a", "W/b", ""]))
    #expect(try EntityTagList.parse("\"a,b\"", header: "If-Match") == .tags(["a,b"]))
  }

  @Test(
    "an idempotency key that is none is refused",
    arguments: [
      "", " ", "\"\"", "\"abc", "abc\"", "a b", "\"a b\"", "\"a\" x", "\"a\"\"b\"", "a,b", "\"a\\x\"", "\"é\"", "a\u{7f}", "\"a\";p=1",
      String(repeating: "x", count: 256), "\"" + String(repeating: "x", count: 256) + "\"",
    ])
  func badKey(_ text: String) {
    let failure = #expect(throws: Failure.self) { try IdempotencyKey.parse(text) }
    #expect(failure?.code == .badRequest)
  }

  @Test("an idempotency key is a quoted string or a bare token")
  func key() throws {
    #expect(try IdempotencyKey.parse("\"8e03978e-40d5\"") == "8e03978e-40d5")
    #expect(try IdempotencyKey.parse(" 8e03978e-40d5 ") == "8e03978e-40d5")
    #expect(try IdempotencyKey.parse("\"a\\\"b\\\\c\"") == "a\"b\\c")
    #expect(try IdempotencyKey.parse(String(repeating: "x", count: 255)).count == 255)
    #expect(try IdempotencyKey.parse("\"" + String(repeating: "x", count: 255) + "\"").count == 255)
  }

  @Test(
    "JSON is offered where it is accepted, and only there",
    arguments: [
      (nil, true), ("*/*", true), ("application/json", true), ("application/*", true), ("APPLICATION/JSON", true),
      ("text/html", false), ("application/json;q=0", false), ("text/html, */*;q=0.1", true), ("*/*;q=0", false),
      ("application/*, application/json;q=0", false), ("application/json; charset=utf-8", true), ("application/xml", false),
      ("text/*", false), ("application/problem+json", false), ("garbage", true), ("application/json;q=2", true),
      ("text/html;q=0.9, application/json;q=0.001", true), ("application/json;q=0.000", false), ("", true),
    ] as [(String?, Bool)])
  func accepts(_ accept: String?, _ expected: Bool) {
    #expect(Negotiation.acceptsJSON(accept) == expected)
  }

  @Test(
    "a body in another form is refused",
    arguments: [
      nil, "text/plain", "application/xml", "application/json; charset=latin1", "application/json; charset=utf-16", "json",
      "application/merge-patch+json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json,",
      "application/json; charset", "application/ld+json", "",
    ] as [String?])
  func badContentType(_ type: String?) {
    let failure = #expect(throws: Failure.self) { try Negotiation.demand(.json, contentType: type) }
    #expect(failure?.code == .unsupportedMediaType)
  }

  @Test(
    "a body in a coding is refused",
    arguments: [("gzip", false), ("identity, gzip", false), ("br", false), ("x y", false), ("\"", false), ("deflate;q=0", false)]
      + [(nil, true), ("", true), ("identity", true), (" , Identity ,identity", true)] as [(String?, Bool)])
  func contentEncoding(_ text: String?, _ isRead: Bool) {
    do throws(Failure) {
      try Negotiation.demandIdentity(contentEncoding: text)
      #expect(isRead)
    } catch {
      #expect(!isRead && error.code == .unsupportedMediaType && error.isOfCoding)
    }
  }

  @Test(
    "JSON is read with its usual names",
    arguments: [
      "application/json", "Application/JSON", "application/json;charset=utf-8", "application/json; charset=\"UTF-8\"",
      " application/json ; charset=utf8 ", "application/json;",
    ])
  func contentType(_ type: String) throws {
    try Negotiation.demand(.json, contentType: type)
    try Negotiation.demand(.patch, contentType: type)
  }

  @Test("a merge patch is taken where one belongs")
  func mergePatch() throws {
    try Negotiation.demand(.patch, contentType: "application/merge-patch+json")
    #expect(try Negotiation.demand(.patch, contentType: "Application/JSON-Patch+json; charset=utf-8") == Negotiation.jsonPatch)
    #expect(throws: Failure.self) { try Negotiation.demand(.json, contentType: "application/json-patch+json") }
  }

  @Test("only a sane request id is taken from a client")
  func requestID() {
    for sane in ["a", "01J-x_y.Z", String(repeating: "a", count: 128)] { #expect(RequestID.isSane(sane)) }
    for other in ["", "a b", "a\"b", "a/b", "é", "a\nb", String(repeating: "a", count: 129)] { #expect(!RequestID.isSane(other)) }
  }
}
