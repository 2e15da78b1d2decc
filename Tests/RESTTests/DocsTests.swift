import Contract
import Service
import Testing

@testable import REST

@Suite("The documentation page")
struct DocsTests {
  @Test("the page needs nothing from elsewhere and holds nothing that its policy forbids")
  func selfContained() throws {
    let page = DocsPage.text(try Bench.contract())
    for foreign in ["//cdn", "https://", "http://", "<style", "style=", "onclick", "onload", "javascript:"] {
      #expect(!page.contains(text: foreign), "\(foreign)")
    }
    #expect(page.contains(text: "data-openapi=\"/v1/openapi.json\""))
    for foreign in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "https://", "import("] {
      #expect(!DocsScript.text.contains(text: foreign), "\(foreign)")
    }
    for foreign in ["@import", "url(", "https://"] { #expect(!DocsStyle.text.contains(text: foreign), "\(foreign)") }
  }

  @Test("a service's name cannot add markup")
  func escaped() {
    var contract = Contract()
    contract.service.name = "<script>\"'&"
    let page = DocsPage.text(contract)
    #expect(page.contains(text: "&lt;script&gt;&quot;&#39;&amp;") && !page.contains(text: "<script>\""))
  }

  @Test("every code has its page, with what it means and what to do", arguments: FailureCode.allCases)
  func problemPages(_ code: FailureCode) {
    let texts = code.texts
    let page = String(decoding: ProblemPage.document(code).bytes, as: UTF8.self)
    #expect(page.contains(text: HTMLText.escape(texts.title)) && page.contains(text: HTMLText.escape(texts.remedy)))
    #expect(!texts.title.isEmpty && texts.title.last != "." && texts.meaning.last == "." && texts.remedy.last == ".")
  }

  @Test("no two codes are explained with the same words")
  func distinct() {
    let meanings = FailureCode.allCases.map(\.texts.meaning)
    #expect(Set(meanings).count == meanings.count)
  }
}
