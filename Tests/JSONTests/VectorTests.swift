import JSON
import TestSupport
import Testing

/// The documents of nst/JSONTestSuite.
@Suite struct VectorTests {
  static let folder = Files.shared + "/vectors/json/"
  static let names = Files.names(in: folder).filter { $0.hasSuffix(".json") }

  /// The `i_` documents that we read; every other one is refused.
  static let readable: Set<String> = [
    "i_number_double_huge_neg_exp.json", "i_number_real_underflow.json", "i_number_too_big_neg_int.json",
    "i_number_too_big_pos_int.json", "i_number_very_big_negative_int.json",
  ]
  /// The `y_` documents that the project's rule about duplicate member names refuses.
  static let stricter: Set<String> = ["y_object_duplicated_key.json", "y_object_duplicated_key_and_value.json"]

  @Test func theSuiteIsThere() {
    #expect(VectorTests.names.count == 318)
  }

  @Test(arguments: names) func isReadOrRefusedAsTheSuiteSays(name: String) throws {
    let bytes = try #require(Files.read(VectorTests.folder + name))
    let expected =
      name.hasPrefix("y_") && !VectorTests.stricter.contains(name) || VectorTests.readable.contains(name)
    do throws(JSONError) {
      let document = try JSONDocument.parse(bytes)
      #expect(expected, "read, but must be refused")
      let again = try JSONValue(parsing: JSONValue(document.root).bytes)
      #expect(again == JSONValue(document.root))
    } catch {
      #expect(!expected, "\(error)")
      #expect((0...bytes.count).contains(error.offset))
      #expect(!error.message.isEmpty)
    }
  }
}
