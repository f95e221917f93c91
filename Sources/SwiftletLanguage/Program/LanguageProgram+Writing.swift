import SwiftletFiles
import SwiftletRuntime
import SwiftletText

extension LanguageProgram {
  /// Writes a model file; the one that was there before stays whole until the new one is durable.
  ///
  /// - Parameter constants: those of the program, in any order; each is encoded when it is its turn.
  public func write(
    constants: [EncodedConstant], tokenizer: Tokenizer, to file: URL
  ) throws(LanguageError) {
    let draft = try draft(constants, tokenizer, path: file.path)
    do throws(ModelFileError) { try draft.write() } catch { throw .file(error) }
  }

  /// The same in memory.
  package func container(
    constants: [EncodedConstant], tokenizer: Tokenizer
  ) throws(LanguageError) -> ModelContainer {
    let draft = try draft(constants, tokenizer, path: ModelFile.inMemory)
    do throws(ModelFileError) { return try ModelContainer(draft) } catch { throw .file(error) }
  }

  private func draft(
    _ constants: [EncodedConstant], _ tokenizer: Tokenizer, path: String
  ) throws(LanguageError) -> ContainerDraft {
    guard
      self.constants.sorted(by: { $0.name < $1.name })
        == constants.map(\.constant).sorted(by: { $0.name < $1.name })
    else { throw .program(reason: "the weights that are given are not its constants") }
    let stored: [UInt8]
    do throws(TokenizerError) { stored = try StoredTokenizer.bytes(of: tokenizer) } catch {
      throw .tokenizer(path: path, reason: "\(error)")
    }
    let json = try json()
    do throws(ModelFileError) {
      return try ContainerDraft(
        programs: [.init(kind: Self.kind, json: json)], constants: constants, tokenizer: stored, path: path)
    } catch {
      throw .file(error)
    }
  }
}
