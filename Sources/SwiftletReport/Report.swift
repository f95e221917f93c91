import Foundation
import SwiftletFiles
import SwiftletTerminal

/// A page of headings, prose, tables and plots, written as one HTML file that needs nothing beside it.
public struct Report: Sendable {
  /// What stands on the page, from top to bottom.
  public enum Element: Sendable, Hashable {
    case heading(String)
    case paragraph(String)
    case table(Table)
    case bars(BarChart)
    case lines(LineChart)
    case map(LayerMap)
  }

  public let title: String
  public private(set) var elements: [Element] = []

  public init(title: String) {
    self.title = title
  }

  public mutating func append(_ element: Element) {
    elements.append(element)
  }

  /// The whole page. Text is escaped, plots are inline SVG.
  public var html: String {
    let body = elements.map { element in
      switch element {
      case .heading(let text): "<h2>\(text.escapedForHTML)</h2>"
      case .paragraph(let text): "<p>\(text.escapedForHTML)</p>"
      case .table(let table): table.html
      case .bars(let chart): "<figure>\(chart.svg)</figure>"
      case .lines(let chart): "<figure>\(chart.svg)</figure>"
      case .map(let map): "<figure>\(map.svg)</figure>"
      }
    }
    return """
      \(Self.opening)<title>\(title.escapedForHTML)</title>
      <style>
      body { font: 15px/1.5 system-ui, sans-serif; max-width: 960px; margin: 2rem auto; padding: 0 1rem; color: #222 }
      table { border-collapse: collapse; margin: 1rem 0 }
      th, td { padding: .3rem .8rem; border-bottom: 1px solid #e3e3e3; text-align: left }
      .number { text-align: right; font-variant-numeric: tabular-nums }
      figure { margin: 1rem 0 } svg { max-width: 100%; height: auto }
      </style>
      </head>
      <body>
      <h1>\(title.escapedForHTML)</h1>
      \(body.joined(separator: "\n"))
      </body>
      </html>

      """
  }

  /// How every page begins.
  private static let opening = """
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width">

    """

  /// Whether the file is a page that a report wrote.
  public static func isReport(at path: String) -> Bool {
    guard let file = try? MappedFile(path: path) else { return false }
    return file.bytes.starts(with: opening.utf8)
  }

  /// Writes the page beside its place and moves it there, so that a failed write leaves an older report intact.
  public func write(to url: URL) throws(ReportError) {
    do { try AtomicFile.write(html, replacing: url.path) } catch { throw .unwritable(url.path, error) }
  }
}

/// Why a report cannot be kept.
public enum ReportError: Error, Hashable, Sendable, CustomStringConvertible {
  case unwritable(String, FileError)

  public var description: String {
    switch self {
    case .unwritable(let path, let error): "\(path) \(error)"
    }
  }
}
