import { expect, it } from "vitest";
import { parseHierarchies } from "./cgroup-hierarchies.ts";

it("finds our own cgroup of each controller of version 1, and the hierarchy of version 2 beside them", () => {
  const mountinfo = [
    "23 1 8:1 / / rw,relatime - ext4 /dev/root rw",
    "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct",
    "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory",
    "40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,xattr,name=systemd",
    "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw",
  ].join("\n");
  const own = ["9:name=systemd:/", "8:pids:/", "4:memory:/some/group", "2:cpu,cpuacct:/", "0::/", ""].join("\n");
  expect(parseHierarchies(mountinfo, own)).toEqual([
    { version: 1, controllers: ["name=systemd"], ownPath: "/", ownFolder: "/sys/fs/cgroup/systemd" },
    { version: 1, controllers: ["memory"], ownPath: "/some/group", ownFolder: "/sys/fs/cgroup/memory/some/group" },
    { version: 1, controllers: ["cpu", "cpuacct"], ownPath: "/", ownFolder: "/sys/fs/cgroup/cpu,cpuacct" },
    { version: 2, controllers: [], ownPath: "/", ownFolder: "/sys/fs/cgroup/unified" },
  ]);
});

it("knows that of a hierarchy only a part may be mounted, as in a container without a cgroup namespace", () => {
  const mountinfo = "35 31 0:32 /docker/abc /sys/fs/cgroup rw - cgroup2 cgroup rw";
  const [own] = parseHierarchies(mountinfo, "0::/docker/abc/service");
  expect(own).toMatchObject({ ownFolder: "/sys/fs/cgroup/service" });
  expect(parseHierarchies(mountinfo, "0::/docker/abc")[0]).toMatchObject({ ownFolder: "/sys/fs/cgroup" });
  expect(parseHierarchies(mountinfo, "0::/docker/abcdef")).toEqual([]);
});
