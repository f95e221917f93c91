/// What the control groups around this process allow it, in versions 1 and 2.
///
/// Source: Linux, "Control Group v2", interface file `cpu.max`; "CFS Bandwidth Control", `cpu.cfs_quota_us`.
struct ControlGroups {
  /// Where `/proc` and the mounts lie; tests put their own here.
  var root = ""

  /// Processors' worth of time, the least of what the group of this process and the groups around it allow, or nil where
  /// nothing limits it.
  var quota: Double? {
    (lines(of: "/proc/self/mountinfo")).compactMap(Mount.init).flatMap { mount in
      folders(of: mount).compactMap { mount.isUnified ? unifiedQuota(in: $0) : legacyQuota(in: $0) }
    }.min()
  }

  /// A mounted hierarchy that can limit processor time.
  private struct Mount {
    /// The group that lies at `place`: another than `/` in a container that sees the groups of its host.
    let group, place: String
    let isUnified: Bool

    /// A line such as `31 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw`.
    init?(_ line: Substring) {
      let fields = line.split(separator: " ")
      guard let dash = fields.firstIndex(of: "-"), dash >= 6, fields.count > dash + 3 else { return nil }
      let options = fields[dash + 3].split(separator: ",")
      isUnified = fields[dash + 1] == "cgroup2"
      guard isUnified || fields[dash + 1] == "cgroup" && options.contains("cpu") else { return nil }
      (group, place) = (String(fields[3]), String(fields[4]))
    }
  }

  /// The folders of this process's group and of those around it, innermost first.
  private func folders(of mount: Mount) -> [String] {
    // `0::/user.slice` of version 2, `4:cpu,cpuacct:/docker/ab` of version 1.
    let groups = lines(of: "/proc/self/cgroup").compactMap { line -> String? in
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3 else { return nil }
      let isMine = mount.isUnified ? parts[1].isEmpty : parts[1].split(separator: ",").contains("cpu")
      return isMine ? String(parts[2]) : nil
    }
    guard let path = groups.first else { return [] }
    let base = mount.group == "/" ? "" : mount.group
    // A group outside what is mounted cannot be looked at; the mount's own folder can.
    let inside = path == base || path.hasPrefix(base + "/") ? path.dropFirst(base.count) : ""
    var names = inside.split(separator: "/")
    if names.contains("..") { names = [] }
    return (0...names.count).reversed().map { mount.place + names.prefix($0).map { "/" + $0 }.joined() }
  }

  /// `cpu.max`: `150000 100000`, or `max 100000`.
  private func unifiedQuota(in folder: String) -> Double? {
    guard let line = lines(of: folder + "/cpu.max").first else { return nil }
    let words = line.split(separator: " ")
    return words.count == 2 ? share(words[0], of: words[1]) : nil
  }

  private func legacyQuota(in folder: String) -> Double? {
    guard let quota = lines(of: folder + "/cpu.cfs_quota_us").first,
      let period = lines(of: folder + "/cpu.cfs_period_us").first
    else { return nil }
    return share(quota, of: period)
  }

  /// Microseconds of each period; `max` and -1 are no limit.
  private func share(_ quota: Substring, of period: Substring) -> Double? {
    guard let quota = Double(quota), let period = Double(period), quota > 0, period > 0 else { return nil }
    return quota / period
  }

  /// The lines of a small file; none where it cannot be read.
  private func lines(of path: String) -> [Substring] {
    // What the kernel makes up has no size, so it is read and not mapped.
    guard let file = fopen(root + path, "re") else { return [] }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 14)
    while bytes.count < 1 << 22 {
      let count = fread(&buffer, 1, buffer.count, file)
      if count == 0 { break }
      bytes += buffer[..<count]
    }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n")
  }
}
