import Foundation
import TestSupport
import Testing

@testable import SwiftletFiles

/// Oracle: the kernel's documentation of cgroups; the files are those of real machines and containers.
@Suite struct AvailableProcessorsTests {
  static let unified = "31 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
  static let legacy = """
    30 23 0:25 / /sys/fs/cgroup ro,nosuid - tmpfs tmpfs ro,mode=755
    33 30 0:28 / /sys/fs/cgroup/memory rw,nosuid shared:9 - cgroup cgroup rw,memory
    34 30 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:10 - cgroup cgroup rw,cpu,cpuacct

    """

  func quota(_ files: [String: String]) throws -> Double? {
    let folder = try TemporaryFolder()
    for (name, text) in files { try folder.write(Array(text.utf8), to: name) }
    return ControlGroups(root: folder.url.path).quota
  }

  @Test(arguments: [
    ("150000 100000\n", 1.5), ("50000 100000\n", 0.5), ("400000 100000\n", 4), ("12000 5000\n", 2.4),
    ("max 100000\n", nil),
    ("max\n", nil), ("", nil), ("0 0\n", nil), ("many 100000\n", nil),
  ])
  func `version 2 says quota and period`(text: String, expected: Double?) throws {
    let found = try quota([
      "proc/self/mountinfo": Self.unified, "proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": text,
    ])
    #expect(found == expected)
  }

  @Test func `the least of nested groups counts`() throws {
    let files = [
      "proc/self/mountinfo": Self.unified, "proc/self/cgroup": "0::/kube/pod/box\n",
      "sys/fs/cgroup/kube/cpu.max": "300000 100000\n", "sys/fs/cgroup/kube/pod/cpu.max": "200000 100000\n",
      "sys/fs/cgroup/kube/pod/box/cpu.max": "max 100000\n", "sys/fs/cgroup/kube/pod/other/cpu.max": "100000 100000\n",
    ]
    #expect(try quota(files) == 2)
  }

  @Test(arguments: [("-1\n", nil), ("250000\n", 2.5), ("100000\n", 1)])
  func `version 1 says it in two files`(text: String, expected: Double?) throws {
    let found = try quota([
      "proc/self/mountinfo": Self.legacy,
      "proc/self/cgroup": "9:memory:/box\n4:cpu,cpuacct:/box/inner\n1:name=systemd:/\n",
      "sys/fs/cgroup/cpu,cpuacct/box/inner/cpu.cfs_quota_us": "-1\n",
      "sys/fs/cgroup/cpu,cpuacct/box/inner/cpu.cfs_period_us": "100000\n",
      "sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_quota_us": text,
      "sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_period_us": "100000\n",
    ])
    #expect(found == expected)
  }

  /// A container that sees its host's names: what is mounted is the group itself.
  @Test func `a container's own mount is its group`() throws {
    let mount = "34 30 0:29 /docker/ab12 /sys/fs/cgroup/cpu ro,nosuid - cgroup cgroup rw,cpu,cpuacct\n"
    let files = [
      "proc/self/mountinfo": mount, "proc/self/cgroup": "4:cpu,cpuacct:/docker/ab12\n",
      "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "300000\n", "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
    ]
    #expect(try quota(files) == 3)
    // A group beside what is mounted cannot be read; its path must not lead out of the mount.
    #expect(
      try quota(files.merging(["proc/self/cgroup": "4:cpu,cpuacct:/../other\n"]) { $1 }) == 3)
  }

  @Test func `where there are no groups nothing limits`() throws {
    #expect(try quota([:]) == nil)
    #expect(try quota(["proc/self/mountinfo": Self.unified]) == nil)
  }

  @Test func `threads fit both the mask and the quota`() {
    typealias Available = AvailableProcessors
    #expect(Available.count(affinity: 8, quota: nil) == 8)
    #expect(Available.count(affinity: 8, quota: 2.9) == 2)
    #expect(Available.count(affinity: 8, quota: 0.3) == 1)
    #expect(Available.count(affinity: 1, quota: 64) == 1)
    #expect(Available.count(affinity: 512, quota: 1e300) == 512)
    #expect(Available.count >= 1)
  }
}
