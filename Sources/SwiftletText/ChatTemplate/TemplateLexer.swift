import SwiftletFiles

/// Cuts a template into its text, its expressions and its statements.
///
/// As transformers sets Jinja up: the end of a line behind a statement goes (`trim_blocks`), and so do the spaces of a
/// line before one (`lstrip_blocks`); a `-` takes all spaces on its side.
struct TemplateLexer {
  enum Part {
    case text(String)
    /// `{{ … }}`
    case expression([TemplateToken])
    /// `{% … %}`
    case statement([TemplateToken])
  }

  private let source: [Unicode.Scalar]
  private var position = 0

  init(_ source: String) {
    // As Jinja does: ends of lines are one kind, and the last of them goes.
    var scalars: [Unicode.Scalar] = []
    for scalar in source.unicodeScalars {
      if scalar == "\n", scalars.last == "\r" { scalars.removeLast() }
      scalars.append(scalar)
    }
    for index in scalars.indices where scalars[index] == "\r" { scalars[index] = "\n" }
    if scalars.last == "\n" { scalars.removeLast() }
    self.source = scalars
  }

  mutating func parts() throws(TokenizerError) -> [Part] {
    var parts: [Part] = []
    var text: [Unicode.Scalar] = []
    // What the end of the part before takes from the text behind it.
    var takesSpaces = false
    var takesLineEnd = false
    func finishText(_ parts: inout [Part], before: Unicode.Scalar?, takesAll: Bool, keepsAll: Bool, isAtLineStart: Bool)
    {
      if takesAll {
        while let last = text.last, last.properties.isWhitespace { text.removeLast() }
      } else if before != "{", before != nil, !keepsAll {
        // Spaces between the start of the line and a statement.
        var end = text.count
        while end > 0, text[end - 1] == " " || text[end - 1] == "\t" { end -= 1 }
        if end == 0 ? isAtLineStart : text[end - 1] == "\n" { text.removeSubrange(end...) }
      }
      if !text.isEmpty { parts.append(.text(String(String.UnicodeScalarView(text)))) }
      text = []
    }
    var isAtLineStart = true
    while position < source.count {
      let kind = position + 1 < source.count ? source[position + 1] : " "
      guard source[position] == "{", kind == "{" || kind == "%" || kind == "#" else {
        let scalar = source[position]
        position += 1
        if takesSpaces, scalar.properties.isWhitespace { continue }
        takesSpaces = false
        if takesLineEnd {
          takesLineEnd = false
          if scalar == "\n" {
            isAtLineStart = true
            continue
          }
        }
        text.append(scalar)
        continue
      }
      let sign = position + 2 < source.count ? source[position + 2] : " "
      finishText(
        &parts, before: kind, takesAll: sign == "-", keepsAll: sign == "+", isAtLineStart: isAtLineStart)
      position += 2 + (sign == "-" || sign == "+" ? 1 : 0)
      var endsWithDash: Bool
      if kind == "#" {
        endsWithDash = try skipComment()
      } else {
        var tokens: [TemplateToken] = []
        (tokens, endsWithDash) = try self.tokens(closing: kind == "{" ? "}" : "%")
        parts.append(kind == "{" ? .expression(tokens) : .statement(tokens))
      }
      (takesSpaces, takesLineEnd) = (endsWithDash, kind != "{" && !endsWithDash)
      // Only the end of a line that was taken begins a new one.
      isAtLineStart = false
    }
    finishText(&parts, before: nil, takesAll: false, keepsAll: true, isAtLineStart: false)
    return parts
  }

  /// - Returns: whether the comment ends with a dash.
  private mutating func skipComment() throws(TokenizerError) -> Bool {
    while position + 1 < source.count {
      if source[position] == "#", source[position + 1] == "}" {
        defer { position += 2 }
        return source[position - 1] == "-"
      }
      position += 1
    }
    throw .damaged("a comment of the chat template does not end")
  }

  private mutating func tokens(closing: Unicode.Scalar) throws(TokenizerError) -> ([TemplateToken], endsWithDash: Bool)
  {
    var tokens: [TemplateToken] = []
    // Braces within an expression must close before it does.
    var depth = 0
    while position < source.count {
      let scalar = source[position]
      let next = position + 1 < source.count ? source[position + 1] : " "
      if scalar.properties.isWhitespace {
        position += 1
      } else if depth == 0, scalar == closing, next == "}" {
        position += 2
        return (tokens, false)
      } else if depth == 0, scalar == "-", next == closing, position + 2 < source.count, source[position + 2] == "}" {
        position += 3
        return (tokens, true)
      } else if scalar == "'" || scalar == "\"" {
        tokens.append(.text(try text(closing: scalar)))
      } else if scalar.properties.numericType == .decimal, scalar.isASCII {
        let digits = run { $0.isASCII && $0.properties.numericType == .decimal }
        guard let value = Int(digits) else { throw .damaged("the chat template's number \(digits) is too large") }
        guard !(position < source.count && source[position] == ".") else {
          throw .unsupported("the chat template computes with fractions, which is not carried out")
        }
        tokens.append(.integer(value))
      } else if scalar == "_" || scalar.isASCII && scalar.properties.isAlphabetic {
        tokens.append(
          .name(
            run { $0 == "_" || $0.isASCII && ($0.properties.isAlphabetic || $0.properties.numericType == .decimal) }))
      } else {
        let double = String(scalar) + String(next)
        if ["==", "!=", "<=", ">=", "//", "**"].contains(double) {
          tokens.append(.sign(double))
          position += 2
        } else if "+-*/%~|.,:()[]{}<>=".unicodeScalars.contains(scalar) {
          if scalar == "{" { depth += 1 }
          if scalar == "}" { depth -= 1 }
          tokens.append(.sign(String(scalar)))
          position += 1
        } else {
          throw .damaged("the chat template has the sign \(String(scalar).quotedAsJSON) where none may be")
        }
      }
    }
    throw .damaged("an expression of the chat template does not end")
  }

  private mutating func run(while belongs: (Unicode.Scalar) -> Bool) -> String {
    var text = ""
    while position < source.count, belongs(source[position]) {
      text.unicodeScalars.append(source[position])
      position += 1
    }
    return text
  }

  private mutating func text(closing: Unicode.Scalar) throws(TokenizerError) -> String {
    position += 1
    var text = ""
    while position < source.count {
      let scalar = source[position]
      position += 1
      if scalar == closing { return text }
      guard scalar == "\\", position < source.count else {
        text.unicodeScalars.append(scalar)
        continue
      }
      let escaped = source[position]
      position += 1
      switch escaped {
      case "n": text += "\n"
      case "t": text += "\t"
      case "r": text += "\r"
      case "\\", "'", "\"": text.unicodeScalars.append(escaped)
      case "x": try text.unicodeScalars.append(code(digits: 2))
      case "u": try text.unicodeScalars.append(code(digits: 4))
      case "U": try text.unicodeScalars.append(code(digits: 8))
      default:
        // As in Python, an escape that is none stays.
        text += "\\"
        text.unicodeScalars.append(escaped)
      }
    }
    throw .damaged("a text of the chat template does not end")
  }

  private mutating func code(digits: Int) throws(TokenizerError) -> Unicode.Scalar {
    let text = String(String.UnicodeScalarView(source[position...].prefix(digits)))
    guard text.utf8.count == digits, let scalar = UInt32(text, radix: 16).flatMap(Unicode.Scalar.init) else {
      throw .damaged("an escape of the chat template is no character")
    }
    position += digits
    return scalar
  }
}

enum TemplateToken: Hashable {
  case name(String)
  case text(String)
  case integer(Int)
  case sign(String)

  /// For sentences.
  var spelling: String {
    switch self {
    case .name(let text), .sign(let text): text
    case .text(let text): text.quotedAsJSON
    case .integer(let value): "\(value)"
    }
  }
}
