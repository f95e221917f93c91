extension Tokenizer {
  /// The bytes of each of many ids; joined they are what ``decodeBytes(_:skipsSpecialTokens:)`` gives.
  public func pieces<IDs: Sequence<Int>>(
    of ids: IDs, skipsSpecialTokens: Bool = false
  ) -> some Sequence<[UInt8]> {
    sequence(state: (ids: ids.makeIterator(), decoder: TokenDecoder(self, skipsSpecialTokens: skipsSpecialTokens))) {
      (state) -> [UInt8]? in
      guard let id = state.ids.next() else { return nil }
      return state.decoder.bytes(of: id)
    }
  }
}
