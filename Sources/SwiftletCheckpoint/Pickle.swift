/// The values of a pickle, in one flat table.
///
/// Values refer to each other by index. So sharing and even cycles cost nothing, a file of any nesting is freed without
/// recursion, and memory grows only with the bytes read.
struct PickleTable {
  enum Entry {
    case none
    case bool(Bool)
    case int(Int)
    case bigInteger([UInt8])
    case double(Double)
    case string(String)
    case bytes([UInt8])
    case list([Int])
    case tuple([Int])
    case dictionary([(key: Int, value: Int)])
    case global(String)
    case object(name: String, arguments: [Int], state: Int?)
    case storage(PickleStorage)
    case tensor(PickleTensor)
  }

  /// More than any checkpoint has, few enough to hold.
  static let limit = 2_000_000

  var entries: [Entry] = []

  mutating func add(_ entry: Entry) throws(CheckpointError) -> Int {
    guard entries.count < Self.limit else {
      throw CheckpointError(.damaged, "is damaged: its pickle makes more than \(Self.limit) values")
    }
    entries.append(entry)
    return entries.count - 1
  }
}

/// Memory that tensors of a pickle share.
struct PickleStorage {
  let key: String
  /// Such as `FloatStorage`.
  let type: String
  let count: Int
}

/// A tensor as a pickle describes it: not yet checked, not yet made.
struct PickleTensor {
  var storage: PickleStorage
  let offset: Int
  let shape, strides: [Int]
}

/// Runs a pickle's instructions, of which none calls anything: unknown classes become plain records.
///
/// Source: CPython, Lib/pickletools.py (protocols 2 to 5, which PyTorch writes).
struct PickleMachine {
  var table = PickleTable()
  private var cursor: ByteCursor
  private var stack: [Int] = []
  private var marks: [Int] = []
  private var memo: [Int: Int] = [:]

  init(_ cursor: ByteCursor) { self.cursor = cursor }

  /// The byte after the last pickle.
  var position: Int { cursor.position }

  /// Runs to the pickle's end and answers the index of what it made. Several pickles may follow each other; they share
  /// the table and nothing else.
  mutating func run() throws(CheckpointError) -> Int {
    (stack, marks, memo) = ([], [], [:])
    while true {
      let start = cursor.position
      let code = try cursor.byte()
      guard let instruction = Instruction(rawValue: code) else {
        throw CheckpointError(
          .damaged, "is damaged: byte \(start) of its pickle, \(code), is no instruction of protocols 2 to 5")
      }
      if instruction == .stop { return try pop() }
      try perform(instruction)
    }
  }

  private mutating func perform(_ instruction: Instruction) throws(CheckpointError) {
    switch instruction {
    case .proto:
      let version = try cursor.byte()
      guard version <= 5 else {
        throw CheckpointError(.unsupported, "its pickle has protocol \(version), at most 5 is known")
      }
    case .frame: try cursor.skip(8)
    case .stop: break
    case .mark: marks.append(stack.count)
    case .pop: _ = try pop()
    case .popMark: _ = try popToMark()
    case .dup: stack.append(try top())
    case .none: try push(.none)
    case .newTrue: try push(.bool(true))
    case .newFalse: try push(.bool(false))
    case .int1: try push(.int(Int(try cursor.byte())))
    case .int2: try push(.int(Int(try cursor.integer(UInt16.self))))
    case .int4: try push(.int(Int(try cursor.integer(Int32.self))))
    case .long1: try pushLong(Int(try cursor.byte()))
    case .long4: try pushLong(Int(try cursor.integer(Int32.self)))
    case .float: try push(.double(Double(bitPattern: try cursor.integer(UInt64.self).byteSwapped)))
    case .shortString, .shortUnicode: try push(.string(try cursor.text(Int(try cursor.byte()))))
    case .string, .unicode: try push(.string(try cursor.text(try cursor.length(UInt32.self))))
    case .unicode8: try push(.string(try cursor.text(try cursor.length(UInt64.self))))
    case .shortBytes: try pushBytes(Int(try cursor.byte()))
    case .bytes: try pushBytes(try cursor.length(UInt32.self))
    case .bytes8, .byteArray8: try pushBytes(try cursor.length(UInt64.self))
    case .emptyList, .emptySet: try push(.list([]))
    case .emptyDictionary: try push(.dictionary([]))
    case .emptyTuple: try push(.tuple([]))
    case .tuple, .frozenSet: try push(.tuple(try popToMark()))
    case .list: try push(.list(try popToMark()))
    case .dictionary:
      let items = try popToMark()
      try push(.dictionary([]))
      try setItems(items)
    case .tuple1: try pushTuple(1)
    case .tuple2: try pushTuple(2)
    case .tuple3: try pushTuple(3)
    case .append: try appendItems([try pop()])
    case .appends, .addItems: try appendItems(try popToMark())
    case .setItem:
      let (value, key) = (try pop(), try pop())
      try setItems([key, value])
    case .setItems: try setItems(try popToMark())
    case .put1: memo[Int(try cursor.byte())] = try top()
    case .put4: memo[try cursor.length(UInt32.self)] = try top()
    case .memoize: memo[memo.count] = try top()
    case .get1: stack.append(try recall(Int(try cursor.byte())))
    case .get4: stack.append(try recall(try cursor.length(UInt32.self)))
    case .global:
      let (module, name) = (try cursor.line(), try cursor.line())
      try push(.global("\(module).\(name)"))
    case .stackGlobal:
      let (name, module) = (try popString(), try popString())
      try push(.global("\(module).\(name)"))
    case .persistentID: try push(.storage(try storage(try pop())))
    case .reduce, .newObject:
      let (arguments, callable) = (try pop(), try pop())
      try push(try make(callable, arguments))
    case .newObjectWithKeywords:
      _ = try pop()
      let (arguments, callable) = (try pop(), try pop())
      try push(try make(callable, arguments))
    case .build:
      let state = try pop()
      // The state of a dictionary is module metadata, and that of a tensor is what Python adds to it: neither matters.
      if case .object(let name, let arguments, _) = table.entries[try top()] {
        table.entries[try top()] = .object(name: name, arguments: arguments, state: state)
      }
    }
  }

  // MARK: The stack

  private mutating func push(_ entry: PickleTable.Entry) throws(CheckpointError) { stack.append(try table.add(entry)) }

  /// The height below which the innermost mark protects the stack.
  private var floor: Int { marks.last ?? 0 }

  private func top() throws(CheckpointError) -> Int {
    guard stack.count > floor, let top = stack.last else { throw Self.underflow }
    return top
  }

  private mutating func pop() throws(CheckpointError) -> Int {
    let top = try top()
    stack.removeLast()
    return top
  }

  private mutating func popToMark() throws(CheckpointError) -> [Int] {
    guard let mark = marks.popLast() else { throw Self.underflow }
    defer { stack.removeSubrange(mark...) }
    return Array(stack[mark...])
  }

  private mutating func popString() throws(CheckpointError) -> String {
    guard case .string(let text) = table.entries[try pop()] else {
      throw CheckpointError(.damaged, "is damaged: its pickle names a class by something other than text")
    }
    return text
  }

  private func recall(_ key: Int) throws(CheckpointError) -> Int {
    guard let index = memo[key] else {
      throw CheckpointError(.damaged, "is damaged: its pickle recalls value \(key), which it never stored")
    }
    return index
  }

  private static let underflow = CheckpointError(
    .damaged, "is damaged: its pickle takes a value from an empty stack")

  // MARK: Values

  private mutating func pushLong(_ count: Int) throws(CheckpointError) {
    let digits = Array(cursor.bytes[try cursor.take(count)])
    guard digits.count <= 8 else { return try push(.bigInteger(digits)) }
    var value: UInt64 = digits.last.map { $0 & 0x80 != 0 ? ~0 : 0 } ?? 0
    for digit in digits.reversed() { value = value << 8 | UInt64(digit) }
    try push(.int(Int(Int64(bitPattern: value))))
  }

  private mutating func pushBytes(_ count: Int) throws(CheckpointError) {
    try push(.bytes(Array(cursor.bytes[try cursor.take(count)])))
  }

  private mutating func pushTuple(_ count: Int) throws(CheckpointError) {
    guard stack.count - floor >= count else { throw Self.underflow }
    let items = Array(stack.suffix(count))
    stack.removeLast(count)
    try push(.tuple(items))
  }

  private mutating func appendItems(_ items: [Int]) throws(CheckpointError) {
    let target = try top()
    switch table.entries[target] {
    case .list(var list):
      table.entries[target] = .none  // so that the array is not copied
      list += items
      table.entries[target] = .list(list)
    case .object: break  // a list of an unknown class keeps its class and loses its items
    default: throw CheckpointError(.damaged, "is damaged: its pickle appends to something other than a list")
    }
  }

  private mutating func setItems(_ items: [Int]) throws(CheckpointError) {
    let target = try top()
    guard items.count.isMultiple(of: 2) else {
      throw CheckpointError(.damaged, "is damaged: its pickle sets a key without a value")
    }
    switch table.entries[target] {
    case .dictionary(var dictionary):
      table.entries[target] = .none
      for i in stride(from: 0, to: items.count, by: 2) { dictionary.append((items[i], items[i + 1])) }
      table.entries[target] = .dictionary(dictionary)
    case .object: break
    default: throw CheckpointError(.damaged, "is damaged: its pickle sets keys of something other than a dictionary")
    }
  }

  // MARK: The few calls that are understood

  /// `('storage', type, key, place, count)`, and in files of PyTorch before 1.6 a view into another storage.
  private func storage(_ identifier: Int) throws(CheckpointError) -> PickleStorage {
    guard case .tuple(let parts) = table.entries[identifier], parts.count >= 5,
      case .string("storage") = table.entries[parts[0]], case .global(let type) = table.entries[parts[1]],
      case .string(let key) = table.entries[parts[2]], case .int(let count) = table.entries[parts[4]], count >= 0
    else { throw CheckpointError(.damaged, "is damaged: its pickle refers to something other than a storage") }
    if parts.count > 5 {
      guard case .none = table.entries[parts[5]] else {
        throw CheckpointError(.unsupported, "its storage \(key) views another; save it again with a newer PyTorch")
      }
    }
    return PickleStorage(key: key, type: String(type.split(separator: ".").last ?? ""), count: count)
  }

  private func make(_ callable: Int, _ arguments: Int) throws(CheckpointError) -> PickleTable.Entry {
    guard case .global(let name) = table.entries[callable] else {
      return .object(name: "?", arguments: [callable, arguments], state: nil)
    }
    guard case .tuple(let arguments) = table.entries[arguments] else {
      throw CheckpointError(.damaged, "is damaged: its pickle calls \(name) without a tuple of arguments")
    }
    switch name {
    case "collections.OrderedDict" where arguments.isEmpty, "builtins.dict" where arguments.isEmpty:
      return .dictionary([])
    case "torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor_v3":
      return .tensor(try tensor(name, arguments))
    case "torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state":
      guard let first = arguments.first, case .tensor(let tensor) = table.entries[first] else {
        throw CheckpointError(.damaged, "is damaged: its pickle makes a parameter of something other than a tensor")
      }
      return .tensor(tensor)
    case "torch._tensor._rebuild_from_type_v2" where arguments.count >= 3:
      // A subclass of Tensor: the function that makes the plain one, and its arguments.
      return try make(arguments[0], arguments[2])
    case "torch.Size" where arguments.count == 1, "builtins.tuple" where arguments.count == 1:
      return .tuple(items(arguments[0]) ?? [])
    case "builtins.list" where arguments.count == 1, "builtins.set" where arguments.count == 1,
      "__builtin__.set" where arguments.count == 1:
      return .list(items(arguments[0]) ?? [])
    case "_codecs.encode":
      // How protocol 2 writes bytes: as text of their code points.
      guard let first = arguments.first, case .string(let text) = table.entries[first] else { break }
      return .bytes(text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) })
    default: break
    }
    return .object(name: name, arguments: arguments, state: nil)
  }

  private func items(_ index: Int) -> [Int]? {
    switch table.entries[index] {
    case .list(let items), .tuple(let items): items
    default: nil
    }
  }

  private func tensor(_ name: String, _ arguments: [Int]) throws(CheckpointError) -> PickleTensor {
    guard arguments.count >= 4, case .storage(var storage) = table.entries[arguments[0]],
      case .int(let offset) = table.entries[arguments[1]], let shape = integers(arguments[2]),
      let strides = integers(arguments[3]), shape.count == strides.count
    else {
      throw CheckpointError(.damaged, "is damaged: its pickle describes a tensor without storage, shape and strides")
    }
    if name.hasSuffix("v3") {
      // An untyped storage, counted in bytes, and the element type apart.
      guard arguments.count > 6, case .global(let type) = table.entries[arguments[6]] else {
        throw CheckpointError(.damaged, "is damaged: its pickle describes a tensor without an element type")
      }
      storage = PickleStorage(
        key: storage.key, type: String(type.split(separator: ".").last ?? ""), count: storage.count)
    }
    return PickleTensor(storage: storage, offset: offset, shape: shape, strides: strides)
  }

  private func integers(_ index: Int) -> [Int]? {
    guard let items = items(index) else { return nil }
    var values: [Int] = []
    for item in items {
      guard case .int(let value) = table.entries[item] else { return nil }
      values.append(value)
    }
    return values
  }
}

/// The instructions of protocols 2 to 5.
private enum Instruction: UInt8 {
  case mark = 0x28
  case stop = 0x2e
  case pop = 0x30
  case popMark = 0x31
  case dup = 0x32
  case none = 0x4e
  case newTrue = 0x88
  case newFalse = 0x89
  case int4 = 0x4a
  case int1 = 0x4b
  case int2 = 0x4d
  case long1 = 0x8a
  case long4 = 0x8b
  case float = 0x47
  case string = 0x54
  case shortString = 0x55
  case unicode = 0x58
  case shortUnicode = 0x8c
  case unicode8 = 0x8d
  case bytes = 0x42
  case shortBytes = 0x43
  case bytes8 = 0x8e
  case byteArray8 = 0x96
  case emptyList = 0x5d
  case emptyDictionary = 0x7d
  case emptyTuple = 0x29
  case emptySet = 0x8f
  case tuple = 0x74
  case list = 0x6c
  case dictionary = 0x64
  case frozenSet = 0x91
  case tuple1 = 0x85
  case tuple2 = 0x86
  case tuple3 = 0x87
  case append = 0x61
  case appends = 0x65
  case addItems = 0x90
  case setItem = 0x73
  case setItems = 0x75
  case put1 = 0x71
  case put4 = 0x72
  case memoize = 0x94
  case get1 = 0x68
  case get4 = 0x6a
  case global = 0x63
  case stackGlobal = 0x93
  case persistentID = 0x51
  case reduce = 0x52
  case newObject = 0x81
  case newObjectWithKeywords = 0x92
  case build = 0x62
  case proto = 0x80
  case frame = 0x95
}
