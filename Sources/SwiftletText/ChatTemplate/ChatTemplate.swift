/// A chat template: the part of Jinja that the templates of Llama, Mistral, Qwen2 and SmolLM2 are written in.
///
/// It is strict: a statement, filter, test, method or function that it does not know is an error when it is read.
struct ChatTemplate: Sendable {
  private let statements: [TemplateStatement]

  /// - Throws: ``TokenizerError`` for a template that is wrong, or uses what is not carried out.
  init(_ source: String) throws(TokenizerError) {
    var parser = try TemplateParser(source)
    statements = try parser.statements()
  }

  func render(_ values: [String: TemplateValue]) throws(TokenizerError) -> String {
    var renderer = TemplateRenderer(values)
    try renderer.run(statements)
    return renderer.output
  }
}
