import Foundation

enum JSONTools {
  static func encode(_ value: some Encodable) throws -> Data { try JSONEncoder().encode(value) }
  static func decode<Value: Decodable>(_ type: Value.Type, _ json: Data) throws -> Value {
    try JSONDecoder().decode(type, from: json)
  }
}
