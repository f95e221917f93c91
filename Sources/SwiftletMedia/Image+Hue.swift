extension Image {
  /// The colours turned around the circle of hues by `turns`, -0.5...0.5; lightness and saturation stay.
  ///
  /// Goes through 8-bit hue, saturation and value, so that no turn at all may still move a sample by some levels. Equals
  /// torchvision's `adjust_hue` on Pillow's images. A grey picture stays as it is.
  public func hueTurned(by turns: Double) -> Image {
    guard channels == 3 else { return self }
    let shift = UInt8(truncatingIfNeeded: Int32(turns * 255))
    return Image(width: width, height: height, channels: channels) { output in
      pixels.withUnsafeBufferPointer { input in
        for i in stride(from: 0, to: input.count, by: 3) {
          var colour = HueSaturationValue(red: input[i], green: input[i &+ 1], blue: input[i &+ 2])
          colour.hue &+= shift
          (output[i], output[i &+ 1], output[i &+ 2]) = colour.redGreenBlue
        }
      }
    }
  }
}

/// A colour as Pillow's mode HSV keeps it, 255 standing for a whole turn of the hue.
private struct HueSaturationValue {
  var hue, saturation, value: UInt8

  init(red: UInt8, green: UInt8, blue: UInt8) {
    let (largest, smallest) = (max(red, green, blue), min(red, green, blue))
    value = largest
    guard largest > smallest else {
      (hue, saturation) = (0, 0)
      return
    }
    let range = Float(largest - smallest)
    func distance(_ sample: UInt8) -> Float { Float(largest - sample) / range }
    // Sixths of a turn from the largest of red, green and blue.
    let sixths: Float =
      if red == largest {
        distance(blue) - distance(green)
      } else if green == largest {
        Float(2 + Double(distance(red)) - Double(distance(blue)))
      } else {
        Float(4 + Double(distance(green)) - Double(distance(red)))
      }
    let turns = Float((Double(sixths) / 6 + 1).truncatingRemainder(dividingBy: 1))
    hue = UInt8(min(255, max(0, Double(turns) * 255)))
    saturation = UInt8(min(255, max(0, Double(range / Float(largest)) * 255)))
  }

  var redGreenBlue: (UInt8, UInt8, UInt8) {
    if saturation == 0 { return (value, value, value) }
    let sixths = Double(Float(hue)) * 6 / 255
    let sector = Int(sixths)
    let rest = Double(Float(sixths - Double(sector)))
    let share = Double(Float(Double(saturation) / 255))
    func level(_ part: Double) -> UInt8 {
      UInt8(min(255, max(0, (Double(value) * (1 - part)).rounded(.toNearestOrAwayFromZero))))
    }
    let (low, falling, rising) = (level(share), level(share * rest), level(share * (1 - rest)))
    switch sector % 6 {
    case 0: return (value, rising, low)
    case 1: return (falling, value, low)
    case 2: return (low, value, rising)
    case 3: return (low, falling, value)
    case 4: return (rising, low, value)
    default: return (value, low, falling)
    }
  }
}
