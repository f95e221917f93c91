import CSwiftletKernels
import SwiftletFiles
import SwiftletRuntime

/// Cosines and sines of the angles that positions turn heads by.
///
/// Angles are float32, as trained networks have seen them; their cosines and sines are those of exactly these angles.
final class RotationAngles: @unchecked Sendable {
  // Safe to share: it grows only between jobs, under the engine's turn.
  let pairs: Int
  private let frequencies: UnsafePointer<Float>
  private let factor: Double
  /// `[tile of positions][pair][32]`, as attention reads them that makes heads of latents; they follow from the positions alone,
  /// so that all texts share them.
  private var tiles: (cosines: AlignedBuffer, sines: AlignedBuffer)?
  private var tileCount = 0

  init(pairs: Int, frequencies: UnsafePointer<Float>, factor: Double) {
    (self.pairs, self.frequencies, self.factor) = (pairs, frequencies, factor)
  }

  /// Writes those of one position: `pairs` neighbours, `step` elements apart.
  func write(
    position: Int, cosines: UnsafeMutablePointer<Float>, sines: UnsafeMutablePointer<Float>, step: Int = 1
  ) {
    for pair in 0..<pairs {
      let angle = Double(Float(position) * frequencies[pair])
      cosines[pair * step] = Float(cos(angle)) * Float(factor)
      sines[pair * step] = Float(sin(angle)) * Float(factor)
    }
  }

  /// The tables of at least so many positions.
  func tables(
    for positions: Int
  ) throws(SessionError) -> (cosines: UnsafePointer<Float>, sines: UnsafePointer<Float>) {
    let tile = Int(SWL_MEMORY_TILE)
    let wanted = (positions + tile - 1) / tile
    func floats(_ buffer: AlignedBuffer) -> UnsafeMutablePointer<Float> {
      buffer.address.assumingMemoryBound(to: Float.self)
    }
    if let tiles, tileCount >= wanted {
      return (UnsafePointer(floats(tiles.cosines)), UnsafePointer(floats(tiles.sines)))
    }
    // Whole pages, so that a text that grows does not make them anew each time.
    let count = MemoryPages.count(for: positions) * MemoryPages.positions / tile
    let size = count * pairs * tile * MemoryLayout<Float>.stride
    let made = (cosines: try AlignedBuffer(byteCount: size), sines: try AlignedBuffer(byteCount: size))
    if let tiles {
      let known = tileCount * pairs * tile * MemoryLayout<Float>.stride
      made.cosines.address.copyMemory(from: tiles.cosines.address, byteCount: known)
      made.sines.address.copyMemory(from: tiles.sines.address, byteCount: known)
    }
    for position in tileCount * tile..<count * tile {
      let place = position / tile * pairs * tile + position % tile
      write(
        position: position, cosines: floats(made.cosines) + place, sines: floats(made.sines) + place, step: tile)
    }
    (tiles, tileCount) = (made, count)
    return (UnsafePointer(floats(made.cosines)), UnsafePointer(floats(made.sines)))
  }
}
