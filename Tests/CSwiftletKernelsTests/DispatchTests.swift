import CSwiftletKernels
import Testing

/// Oracle: the lists themselves, and by hand which row a processor took before rows listed features.
@Suite struct DispatchTests {
  /// A row of any operation's list.
  struct Row: Sendable, CustomTestStringConvertible {
    let name: String
    let needs: UInt32

    init(_ kernel: swl_kernel) { (name, needs) = (String(cString: kernel.name), kernel.needs.rawValue) }
    init(_ kernel: swl_linear_kernel) { (name, needs) = (String(cString: kernel.name), kernel.needs.rawValue) }

    var testDescription: String { name }
  }

  private static func rows(_ at: (Int) -> UnsafePointer<swl_kernel>?) -> [Row] {
    var rows: [Row] = []
    while let kernel = at(rows.count) { rows.append(Row(kernel.pointee)) }
    return rows
  }

  static let attention = rows(swl_attention_kernel_at)
  static let cacheAttention = rows(swl_cache_attention_kernel_at)
  static let memoryAttention = rows(swl_memory_attention_kernel_at)
  static let elementwise = rows(swl_elementwise_kernel_at)
  static let rowwise = rows(swl_rows_kernel_at)
  static let linear = swl_linear_kernel.all.reversed().map(Row.init)
  static let images = [swl_pool_kernel_at, swl_resize_kernel_at, swl_depthwise_kernel_at].map(rows)
  static let lists = [attention, cacheAttention, memoryAttention, elementwise, rowwise, linear] + images

  static let sets: [(name: String, isa: swl_isa)] = {
    var count = 0
    return UnsafeBufferPointer(start: swl_named_isas(&count), count: count).map { (String(cString: $0.name), $0.isa) }
  }()

  @Test func `every list ends with a row that needs nothing, and no name stands twice`() {
    for list in Self.lists {
      #expect(list.last?.needs == 0)
      #expect(list.dropLast().allSatisfy { $0.needs != 0 })
    }
    let names = Self.lists.joined().map(\.name)
    #expect(Set(names).count == names.count)
  }

  /// The tests run every operation under every named set that the processor has: what a row needs is one of them, so
  /// that a row which nobody tests cannot be.
  @Test(arguments: lists.joined()) func `what a row needs is a named set`(row: Row) {
    #expect(Self.sets.contains { $0.isa.rawValue == row.needs })
    if row.needs != 0 { #expect(row.name.hasSuffix(String(cString: swl_isa_name(swl_isa(row.needs))))) }
  }

  @Test(arguments: [
    ["avx512bf16", "avx512vnni", "avx512", "avx2", "scalar"], ["neonbf16", "neoni8mm", "neondot", "neon", "scalar"],
  ])
  func `a wider set has all of a narrower one, and its own name`(family: [String]) {
    let sets = family.compactMap { name in Self.sets.first { $0.name == name } }
    #expect(sets.map(\.name) == family)
    for (wide, narrow) in zip(sets, sets.dropFirst()) {
      #expect(swl_isa_has(wide.isa, narrow.isa) && !swl_isa_has(narrow.isa, wide.isa))
    }
    for set in Self.sets { #expect(String(cString: swl_isa_name(set.isa)) == set.name) }
    #expect(Self.sets.count == 9)
  }

  #if arch(x86_64)
    /// Processors as they are, and as they might be: half of a set counts for nothing.
    @Test func `the first row whose features are all there is taken`() {
      func name(_ kernel: UnsafePointer<swl_kernel>?) -> String {
        kernel.map { String(cString: $0.pointee.name) } ?? ""
      }
      let processors: [(features: UInt32, elementwise: String, attention: [String])] = [
        (0, "elementwise", ["attention", "attention", "attention"]),
        (SWL_CPU_AVX2.rawValue, "elementwise", ["attention", "attention", "attention"]),
        (
          SWL_ISA_AVX2.rawValue | SWL_CPU_AVX512F.rawValue | SWL_CPU_AVX512VNNI.rawValue, "elementwise_avx2",
          ["attention_f32_avx2", "attention_f32_avx2", "attention_u8_avx2"]
        ),
        (
          SWL_ISA_AVX512.rawValue, "elementwise_avx512",
          ["attention_f32_avx512", "attention_f32_avx512", "attention_u8_avx2"]
        ),
        (
          SWL_ISA_AVX512VNNI.rawValue, "elementwise_avx512",
          ["attention_f32_avx512", "attention_f32_avx512", "attention_u8_avx512vnni"]
        ),
        (
          SWL_ISA_AVX512.rawValue | SWL_CPU_AVX512BF16.rawValue, "elementwise_avx512",
          ["attention_f32_avx512", "attention_f32_avx512", "attention_u8_avx2"]
        ),
        (
          SWL_ISA_AVX512BF16.rawValue, "elementwise_avx512",
          ["attention_f32_avx512", "attention_bf16_avx512bf16", "attention_u8_avx512vnni"]
        ),
      ]
      for processor in processors {
        let isa = swl_isa(processor.features)
        #expect(name(swl_elementwise_kernel_for(isa)) == processor.elementwise)
        #expect(name(swl_rows_kernel_for(isa)) == processor.elementwise.replacing("elementwise", with: "rows"))
        for (type, expected) in zip([SWL_F32, SWL_BF16, SWL_U8], processor.attention) {
          var op = swl_attention()
          (op.isa, op.type) = (isa, type)
          #expect(name(swl_attention_kernel_for(&op)) == expected)
        }
      }
    }

    /// Which linear kernel a processor takes, by type and pattern, widest set first.
    @Test(arguments: [
      (SWL_F32.rawValue, 1, 1, ["dense_f32_avx512", "dense_f32_avx512", "dense_f32_avx512", "dense_f32_avx2"]),
      (SWL_F32.rawValue, 2, 4, ["sparse_f32_avx512", "sparse_f32_avx512", "sparse_f32_avx512", "sparse_f32_avx2"]),
      (
        SWL_BF16.rawValue, 1, 1, ["dense_bf16_avx512bf16", "dense_bf16_avx512", "dense_bf16_avx512", "dense_bf16_avx2"]
      ),
      (
        SWL_BF16.rawValue, 2, 4,
        ["sparse_2_4_bf16_avx512bf16", "sparse_bf16_avx512", "sparse_bf16_avx512", "sparse_bf16_avx2"]
      ),
      (
        SWL_BF16.rawValue, 1, 4,
        ["sparse_1_4_bf16_avx512bf16", "sparse_bf16_avx512", "sparse_bf16_avx512", "sparse_bf16_avx2"]
      ),
      (
        SWL_BF16.rawValue, 3, 8, ["sparse_bf16_avx512", "sparse_bf16_avx512", "sparse_bf16_avx512", "sparse_bf16_avx2"]
      ),
      (SWL_S8.rawValue, 1, 1, ["dense_s8_avx512vnni", "dense_s8_avx512vnni", "dense_s8_avx2", "dense_s8_avx2"]),
      (
        SWL_S8.rawValue, 2, 4,
        ["sparse_2_4_s8_avx512vnni", "sparse_2_4_s8_avx512vnni", "sparse_2_4_s8_avx2", "sparse_2_4_s8_avx2"]
      ),
      (
        SWL_S8.rawValue, 1, 4,
        ["sparse_s8_avx512vnni", "sparse_s8_avx512vnni", "sparse_1_4_s8_avx2", "sparse_1_4_s8_avx2"]
      ),
      (SWL_S8.rawValue, 3, 8, ["sparse_s8_avx512vnni", "sparse_s8_avx512vnni", "sparse_s8_avx2", "sparse_s8_avx2"]),
    ])
    func `a layer of many tokens takes the row that is made for them`(
      type: UInt32, kept: Int, group: Int, expected: [String]
    ) {
      for (set, expected) in zip(Self.sets.filter { !$0.name.hasPrefix("neon") }, expected + ["reference"]) {
        var shape = swl_linear_shape(
          type: swl_type(type), inputs: 384, outputs: 64, kept: kept, group: group, scale_group: 0)
        #expect(swl_linear_kernel_for(&shape, 197, set.isa).map { String(cString: $0.pointee.name) } == expected)
      }
    }

    /// On AVX2, where they were measured, the rows that read the fewest bytes come first with a token or sixteen.
    @Test(arguments: [(SWL_F32.rawValue, "f32"), (SWL_BF16.rawValue, "bf16"), (SWL_S8.rawValue, "s8")])
    func `a sparse layer of few tokens takes the row that reads the fewest bytes`(type: UInt32, name: String) {
      for (kept, group) in [(2, 4), (1, 4), (4, 8), (2, 8)] {
        var shape = swl_linear_shape(
          type: swl_type(type), inputs: 384, outputs: 64, kept: kept, group: group, scale_group: 0)
        for tokens in [1, 16] {
          let kernel = swl_linear_kernel_for(&shape, tokens, SWL_ISA_AVX2)
          #expect(kernel.map { String(cString: $0.pointee.name) } == "sparse_few_\(kept)_\(group)_\(name)_avx2")
        }
        let kernel = swl_linear_kernel_for(&shape, 17, SWL_ISA_AVX2)
        #expect(kernel.map { String(cString: $0.pointee.name).hasPrefix("sparse_few") } == false)
      }
    }
  #elseif arch(arm64)
    /// Which linear kernel a processor takes for many tokens, by type and pattern, widest set first.
    @Test(arguments: [
      (SWL_F32.rawValue, 1, 1, ["dense_f32_neon", "dense_f32_neon", "dense_f32_neon", "dense_f32_neon"]),
      (SWL_F32.rawValue, 2, 4, ["sparse_f32_neon", "sparse_f32_neon", "sparse_f32_neon", "sparse_f32_neon"]),
      (SWL_BF16.rawValue, 1, 1, ["dense_bf16_neonbf16", "dense_bf16_neon", "dense_bf16_neon", "dense_bf16_neon"]),
      (
        SWL_BF16.rawValue, 2, 4,
        ["sparse_2_4_bf16_neonbf16", "sparse_bf16_neon", "sparse_bf16_neon", "sparse_bf16_neon"]
      ),
      (SWL_S8.rawValue, 1, 1, ["dense_s8_neoni8mm", "dense_s8_neoni8mm", "dense_s8_neondot", "dense_s8_neon"]),
      (SWL_S8.rawValue, 2, 4, ["sparse_s8_neoni8mm", "sparse_s8_neoni8mm", "sparse_s8_neondot", "sparse_s8_neon"]),
    ])
    func `a layer of many tokens takes the row that is made for them`(
      type: UInt32, kept: Int, group: Int, expected: [String]
    ) {
      for (set, expected) in zip(Self.sets.filter { !$0.name.hasPrefix("avx") }, expected + ["reference"]) {
        var shape = swl_linear_shape(
          type: swl_type(type), inputs: 384, outputs: 64, kept: kept, group: group, scale_group: 0)
        #expect(swl_linear_kernel_for(&shape, 197, set.isa).map { String(cString: $0.pointee.name) } == expected)
      }
    }
  #endif
}
