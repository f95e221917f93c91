import Foundation
import SwiftletFiles
import TestSupport
import Testing

@Suite struct FolderListingTests {
  @Test func `everything below a folder is listed in the order of its bytes`() throws {
    let folder = try TemporaryFolder()
    for name in ["b/2.jpg", "b/10.jpg", "a/deep/x.png", "B.txt", ".hidden", ".git/config"] {
      try folder.write([1], to: name)
    }
    let listing = try FolderListing(of: FileName(folder.url.path))
    #expect(listing.files == ["B.txt", "a/deep/x.png", "b/10.jpg", "b/2.jpg"])
    #expect(listing.folders == ["a", "a/deep", "b"])
  }

  @Test func `links are followed, but not in circles`() throws {
    let folder = try TemporaryFolder()
    let manager = FileManager.default
    try folder.write([1], to: "elsewhere/cats/1.jpg")
    try folder.write([1], to: "data/dog/2.jpg")
    func link(_ name: String, to target: String) throws {
      try manager.createSymbolicLink(
        at: folder.url.appending(path: name), withDestinationURL: folder.url.appending(path: target))
    }
    try link("data/cat", to: "elsewhere/cats")
    try link("data/dog/up", to: "data")
    try link("data/dog/self", to: "data/dog")
    try link("data/dog/3.jpg", to: "elsewhere/cats/1.jpg")
    try link("data/gone.jpg", to: "nowhere")
    let listing = try FolderListing(of: FileName(folder.path("data")))
    #expect(listing.files == ["cat/1.jpg", "dog/2.jpg", "dog/3.jpg", "gone.jpg"])
    #expect(listing.folders == ["cat", "dog", "dog/self", "dog/up"])
    #expect(try FolderListing(of: FileName(folder.path("data/cat"))).files == ["1.jpg"])
  }

  @Test func `what cannot be listed is an error`() throws {
    let folder = try TemporaryFolder()
    try folder.write([1], to: "file")
    #expect(throws: FileError.unreadable(.open, code: ENOENT)) { try FolderListing(of: "/nowhere") }
    #expect(throws: FileError.unreadable(.open, code: ENOTDIR)) { try FolderListing(of: FileName(folder.path("file"))) }
    #expect(FolderListing.isFolder(FileName(folder.url.path)) && !FolderListing.isFolder(FileName(folder.path("file"))))
    #expect(
      "\(FileError.unreadableFolder("dog", code: EACCES))"
        == "cannot be listed: its folder dog cannot be opened: Permission denied")
  }

  @Test func `names are bytes, whatever they look like`() throws {
    let (composed, decomposed): (FileName, FileName) = ("caf\u{E9}.PNG", "cafe\u{301}.png")
    #expect(composed != FileName("cafe\u{301}.PNG") && "\(composed)" == "cafe\u{301}.PNG")
    #expect([composed, decomposed].sorted() == [decomposed, composed])
    let latin = FileName(bytes: [0x63, 0xE9, 0x2E, 0x4A, 0x50, 0x47])
    #expect("\(latin)" == "c\\xE9.JPG" && latin.lowercasedExtension == "jpg")
    #expect(FileName("./a//b/./c.tar.GZ").components == ["a", "b", "c.tar.GZ"])
    #expect(FileName("a/.hidden").lowercasedExtension == nil && FileName("a.b/c").lowercasedExtension == nil)
    #expect(FileName("/a/").appending("b") == "/a/b" && FileName("a").appending("b") == "a/b")

    let folder = try TemporaryFolder()
    let path = FileName(folder.url.path).appending(latin)
    let written = path.withCString { name in
      let descriptor = open(name, O_WRONLY | O_CREAT, 0o600)
      defer { close(descriptor) }
      return write(descriptor, "abc", 3)
    }
    try #require(written == 3)
    #expect(try FolderListing(of: FileName(folder.url.path)).files == [latin])
    #expect(try [UInt8](contentsOf: path) == Array("abc".utf8))
  }

  @Test func `a file is read whole, of whatever size`() throws {
    let folder = try TemporaryFolder()
    for count in [0, 1, 65536, 65537] {
      let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 7) }
      try folder.write(bytes, to: "file")
      #expect(try [UInt8](contentsOf: FileName(folder.path("file"))) == bytes)
    }
    #expect(throws: FileError.notRegular) { try [UInt8](contentsOf: FileName(folder.url.path)) }
    #expect(throws: FileError.unreadable(.open, code: ENOENT)) { try [UInt8](contentsOf: "/nowhere") }
    #expect(try [UInt8](contentsOf: "/proc/self/comm").isEmpty == false)  // says that it has no bytes
  }
}
