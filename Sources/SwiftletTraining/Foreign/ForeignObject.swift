import Foundation
import SwiftletCheckpoint
import SwiftletFiles
import SwiftletModels

/// A file beside foreign weights that cannot be read as what it should be, or describes what Swiftlet does not have.
public struct ForeignConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
  public let path: String
  /// One sentence.
  public let problem: String

  public var description: String { "\(path): \(problem)" }
}

/// An object of such a file, whose values are asked for by key and type.
struct ForeignObject {
  let file: URL
  let value: JSONValue
  /// Where the object stands in the file: empty, or as in `pretrained_cfg.`.
  var place = ""

  func error(_ problem: String) -> ForeignConfigurationError {
    ForeignConfigurationError(path: file.path, problem: problem)
  }

  private func wrong(_ key: String, _ found: JSONValue, _ expected: String) -> ForeignConfigurationError {
    error("\(place)\(key) is \(found), expected \(expected)")
  }

  func has(_ key: String) -> Bool { value[key] != nil }

  func object(_ key: String) throws -> ForeignObject? {
    guard let inner = value[key] else { return nil }
    guard case .object = inner else { throw wrong(key, inner, "an object") }
    return ForeignObject(file: file, value: inner, place: "\(place)\(key).")
  }

  func text(_ key: String) throws -> String? {
    guard let found = value[key] else { return nil }
    guard let text = found.text else { throw wrong(key, found, "text") }
    return text
  }

  func flag(_ key: String) throws -> Bool? {
    guard let found = value[key] else { return nil }
    guard let flag = found.flag else { throw wrong(key, found, "true or false") }
    return flag
  }

  func number(_ key: String) throws -> Double? {
    guard let found = value[key] else { return nil }
    guard let number = found.number else { throw wrong(key, found, "a number") }
    return number
  }

  func integer(_ key: String, from lower: Int = 1) throws -> Int? {
    guard let found = value[key] else { return nil }
    guard let number = found.integer, number >= lower, number <= 10_000_000 else {
      throw wrong(key, found, "a whole number from \(lower) on")
    }
    return number
  }

  func integers(_ key: String) throws -> [Int]? {
    guard let found = value[key] else { return nil }
    let numbers = found.list?.map(\.integer)
    guard let numbers, numbers.allSatisfy({ $0.map { $0 >= 1 && $0 <= 10_000_000 } ?? false }) else {
      throw wrong(key, found, "a list of whole numbers from 1 on")
    }
    return numbers.compactMap { $0 }
  }

  func numbers(_ key: String) throws -> [Double]? {
    guard let found = value[key] else { return nil }
    let numbers = found.list?.map(\.number)
    guard let numbers, numbers.allSatisfy({ $0 != nil }) else { throw wrong(key, found, "a list of numbers") }
    return numbers.compactMap { $0 }
  }

  func texts(_ key: String) throws -> [String]? {
    guard let found = value[key] else { return nil }
    let texts = found.list?.map(\.text)
    guard let texts, texts.allSatisfy({ $0 != nil }) else { throw wrong(key, found, "a list of texts") }
    return texts.compactMap { $0 }
  }

  /// A side, `[height, width]` or `{"height": …, "width": …}`.
  func size(_ key: String) throws -> ImageSize? {
    guard let found = value[key] else { return nil }
    if case .integer = found { return try integer(key).map { ImageSize($0) } }
    if let inner = try? object(key), let height = try inner.integer("height"), let width = try inner.integer("width") {
      return ImageSize(height: height, width: width)
    }
    guard let sides = try? integers(key), sides.count == 2 else {
      throw wrong(key, found, "the pixels of a side, or height and width")
    }
    return ImageSize(height: sides[0], width: sides[1])
  }

  /// The side of a square.
  func side(_ key: String) throws -> Int? {
    guard let size = try size(key) else { return nil }
    guard size.isSquare else { throw error("\(place)\(key) is \(size), Swiftlet has squares there") }
    return size.height
  }
}
