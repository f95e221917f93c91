import Foundation
import SwiftletFiles
import SwiftletText
import TestSupport
import Testing

@Suite struct ChatTemplateTests {
  struct Case: Decodable {
    let name, template: String
    let messages: [ChatMessage]
    let prompts: Bool
    /// What Jinja renders, or why the template refuses.
    let text, refusal: String?
  }

  private func tokenizer(_ template: String) throws -> Tokenizer {
    let model = try Tokenizer(sentencePiece: Data(contentsOf: Goldens.url("small.model")))
    let files = try model.huggingFaceFiles()
    let configuration =
      #"{"bos_token":"<s>","eos_token":"</s>","chat_template":"# + template.quotedAsJSON + "}"
    return try Tokenizer(huggingFace: files.tokenizer, configuration: Data(configuration.utf8))
  }

  /// Oracle: Jinja, set up as transformers does.
  @Test func `templates render as Jinja renders them`() throws {
    for golden in try GoldenTokenizers.decoded([Case].self, "templates.json") {
      do {
        let text = try tokenizer(golden.template).render(golden.messages, addsGenerationPrompt: golden.prompts)
        #expect(text == golden.text, "\(golden.name): \(golden.template)")
      } catch {
        let refusal = try #require(golden.refusal, "\(golden.name): \(error)")
        #expect("\(error)".contains(refusal), "\(golden.name)")
      }
    }
  }

  /// Oracle: Jinja, on the template that is committed, and the prompt that the model's reference was made with.
  @Test(.enabled(if: FetchedModels.smolLM2 != nil, "SmolLM2 is not there: run tools/models/smollm2.py"))
  func `the template of a real model is the one that is committed`() throws {
    let tokenizer = try GoldenTokenizers.real("smollm2")
    let goldens = try GoldenTokenizers.decoded([Case].self, "templates.json")
      .filter { $0.name.hasPrefix("smollm2, ") && $0.refusal == nil }
    #expect(goldens.count > 2)
    for golden in goldens {
      #expect(
        try tokenizer.render(golden.messages, addsGenerationPrompt: golden.prompts) == golden.text, "\(golden.name)")
    }
    #expect(
      try tokenizer.render([ChatMessage(role: "user", content: "…")], addsGenerationPrompt: true) == """
        <|im_start|>system
        You are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>
        <|im_start|>user
        …<|im_end|>
        <|im_start|>assistant

        """)
  }

  @Test(arguments: [
    ("{% macro f() %}{% endmacro %}", "uses the statement \"macro\""),
    ("{{ strftime_now('%d') }}", "uses the function \"strftime_now\""),
    ("{{ 'a' | urlize }}", "uses the filter \"urlize\""),
    ("{{ 'a'.zfill(3) }}", "uses the method \"zfill\""),
    ("{{ 1 is divisibleby(3) }}", "uses the test \"divisibleby\""),
    ("{{ 'a b'.split(' ', 1) }}", "gives the method \"split\" too many values, 2 where 1 can be carried out"),
    ("{{ 'a'.split(maxsplit=1) }}", "gives the method \"split\" an argument \"maxsplit\""),
    ("{{ 'a'.replace('a', 'b', 1) }}", "gives the method \"replace\" too many values, 3 where"),
    ("{{ 'a' | replace('a', 'b', count=1) }}", "gives the filter \"replace\" an argument \"count\""),
    ("{{ 'a'.upper('b') }}", "gives the method \"upper\" too many values, 1 where"),
    ("{{ [1] | join(', ', d='x') }}", "gives the filter \"join\" an argument \"d\""),
    ("{{ [1] | join(atribute='x') }}", "gives the filter \"join\" an argument \"atribute\""),
    ("{{ 1 | tojson(sort_keys=true) }}", "gives the filter \"tojson\" an argument \"sort_keys\""),
    ("{{ 1 is odd(2) }}", "gives the test \"odd\" too many values, 1 where"),
    ("{{ range(1, 2, 3, 4) }}", "gives the function \"range\" too many values, 4 where"),
    ("{{ range(stop=3) }}", "gives the function \"range\" an argument \"stop\""),
    ("{{ namespace({}) }}", "gives the function \"namespace\" too many values, 1 where"),
    ("{{ 'a'.startswith() }}", "the chat template's startswith has no text"),
    ("{{ 'a'.endswith() }}", "the chat template's endswith has no text"),
    ("{% if true %}", "ends before elif or else or endif"),
    ("{% endfor %}", "endfor that closes nothing"),
    ("{{ 1 + }}", "a value is missing"),
    ("{{ 'a", "does not end"),
    ("{{ 1.5 }}", "fractions"),
    ("{{ missing.name }}", "of an undefined value"),
    ("{{ 'a' + 1 }}", "computes text + a number"),
    ("{{ raise_exception('no') }}", "refuses the conversation: no"),
    ("{{ range(99999999) }}", "counts to 99999999"),
    ("{{ " + String(repeating: "(", count: 5000) + " }}", "nests too deeply"),
    (String(repeating: "{% if true %}", count: 5000), "nests too deeply"),
    ("{{ 1" + String(repeating: " + 1", count: 50_000) + " }}", "is too long"),
    (
      "{% set ns = namespace(x=0) %}{% for i in range(9999) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x }}",
      "a list of the chat template nests too deeply"
    ),
    ("{% for i in range(9999) %}{% for j in range(9999) %}{% endfor %}{% endfor %}", "runs without end"),
    ("{{ range(-9223372036854775807 - 1) }}", "counts to -9223372036854775808"),
    ("{# ", "a comment of the chat template does not end"),
  ])
  func `what is not carried out is said in a sentence`(template: String, sentence: String) throws {
    let tokenizer = try tokenizer(template)
    #expect { try tokenizer.render([ChatMessage(role: "user", content: "x")]) } throws: { error in
      if "\(error)".contains(sentence) { return true }
      Issue.record("\(error)")
      return false
    }
  }

  /// Each of these would fill the memory or run for hours.
  @Test(arguments: [
    ("{% set n = namespace(a='a') %}{% for i in range(40) %}{% set n.a = n.a ~ n.a %}{% endfor %}", "writes"),
    ("{% set n = namespace(a='a') %}{% for i in range(40) %}{% set n.a = n.a + n.a %}{% endfor %}", "writes"),
    ("{% set n = namespace(a=[1]) %}{% for i in range(40) %}{% set n.a = n.a + n.a %}{% endfor %}", "writes"),
    ("{% set n = namespace(a=[1]) %}{% for i in range(31) %}{% set n.a = [n.a, n.a] %}{% endfor %}{{ n.a }}", "writes"),
    ("{% set n = namespace(a=1) %}{% for i in range(31) %}{% set n.a = {'x': n.a, 'y': n.a} %}{% endfor %}", "writes"),
    (
      "{% set n = namespace(a='a') %}{% for i in range(16) %}{% set n.a = n.a ~ n.a %}{% endfor %}"
        + "{{ n.a.replace('a', n.a) }}", "writes"
    ),
    (
      "{% set n = namespace(a='a') %}{% for i in range(20) %}{% set n.a = [n.a, n.a, n.a, n.a] | join(n.a) %}{% endfor %}",
      "writes"
    ),
    (
      "{% set n = namespace(a='a') %}{% for i in range(40) %}{% set b %}{{ n.a }}{{ n.a }}{% endset %}"
        + "{% set n.a = b %}{% endfor %}", "writes"
    ),
    (
      "{% set n = namespace(a='a') %}{% for i in range(22) %}{% set n.a = n.a ~ n.a %}{% endfor %}{{ n.a | list }}",
      "writes"
    ),
    (
      "{% set n = namespace(a='a') %}{% for i in range(21) %}{% set n.a = n.a ~ n.a %}{% endfor %}"
        + "{{ n.a.split('a') }}", "writes"
    ),
    ("{% for i in range(65536) %}{% set x = range(65536) %}{% endfor %}", "runs"),
    (
      "{% set n = namespace(a='a') %}{% for i in range(20) %}{% set n.a = n.a ~ n.a %}{% endfor %}"
        + "{% for i in range(65536) %}{% set x = n.a == 'b' %}{% endfor %}", "runs"
    ),
    (
      "{% set n = namespace(a='a') %}{% for i in range(20) %}{% set n.a = n.a ~ n.a %}{% endfor %}"
        + "{{ (n.a ~ 'b') in n.a ~ n.a }}", "runs"
    ),
  ])
  func `a forged template ends in a sentence`(template: String, verb: String) throws {
    let tokenizer = try tokenizer(template)
    let sentence = "the chat template \(verb) without end"
    #expect { try tokenizer.render([ChatMessage(role: "user", content: "x")]) } throws: { error in
      if "\(error)" == sentence { return true }
      Issue.record("\(error)")
      return false
    }
  }

  /// By hand: half a megabyte of conversation is read many times over.
  @Test func `a long conversation is rendered`() throws {
    let tokenizer = try tokenizer(
      "{% for m in messages %}{{ '<' + m.role + '>' + m['content'] | trim + '</' + m.role + '>' }}"
        + "{% if m == messages[-1] %}!{% endif %}{% endfor %}")
    let content = String(repeating: "word ", count: 500) + "."
    let text = try tokenizer.render((0..<200).map { ChatMessage(role: "user\($0)", content: content) })
    #expect(text == (0..<200).map { "<user\($0)>\(content)</user\($0)>" }.joined() + "!")
  }

  /// Oracle: Python.
  @Test func `of equal keys the last counts, and keys that look alike are two`() throws {
    let template =
      "{% set x = {'a': 1, 'b': 2, 'a': 3} %}{{ x }}{{ x.a }}{{ x == {'b': 2, 'a': 3} }}"
      + "{{ {'\u{e9}': 1}.get('e\u{301}') }}{{ 'e\u{301}' in {'\u{e9}': 1} }}"
    #expect(try tokenizer(template).render([]) == "{'a': 3, 'b': 2}3TrueNoneFalse")
  }

  @Test func `a conversation has one beginning`() throws {
    let tokenizer = try tokenizer("{{ bos_token }}{% for m in messages %}{{ m.content }}{% endfor %}")
    let ids = tokenizer.encode(try tokenizer.render([ChatMessage(role: "user", content: "Hello")]))
    #expect(ids.count(where: { $0 == 1 }) == 1 && ids.first == 1)
  }

  @Test func `a tokenizer without a template says so`() throws {
    let tokenizer = try GoldenTokenizers.tokenizer("gpt2-small")
    #expect { try tokenizer.render([]) } throws: { "\($0)" == "the tokenizer has no chat template" }
  }
}
