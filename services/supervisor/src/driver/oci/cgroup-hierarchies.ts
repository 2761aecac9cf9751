/** A mounted cgroup hierarchy, and where in it this process is. */
export interface Hierarchy {
  readonly version: 1 | 2;
  /** Version 1: what is bound to it, for example ["memory"] or ["name=systemd"]. Version 2: empty. */
  readonly controllers: readonly string[];
  /** This process' own cgroup, as the kernel names it, from the hierarchy's root. */
  readonly ownPath: string;
  /** The folder of that cgroup. */
  readonly ownFolder: string;
}

interface CgroupMount {
  readonly version: 1 | 2;
  readonly controllers: readonly string[];
  /** What part of the hierarchy is mounted: "/" unless we are in a container without a cgroup namespace. */
  readonly root: string;
  readonly folder: string;
}

/**
 * Reads /proc/self/mountinfo and /proc/self/cgroup (cgroups(7)). What is not mounted, or of which our own part is not, is left
 * out.
 */
export function parseHierarchies(mountinfo: string, ownCgroups: string): Hierarchy[] {
  const mounts = parseMounts(mountinfo);
  const hierarchies: Hierarchy[] = [];
  for (const line of ownCgroups.split("\n")) {
    const [, names, ownPath] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (names === undefined || ownPath === undefined) continue;
    const controllers = names === "" ? [] : names.split(",");
    const mount = mounts.find(
      (each) =>
        (each.version === 2) === (names === "") &&
        controllers.every((controller) => each.controllers.includes(controller)),
    );
    const inside = mount === undefined ? undefined : withoutRoot(ownPath, mount.root);
    if (mount === undefined || inside === undefined) continue;
    const ownFolder = inside === "/" ? mount.folder : `${mount.folder}${inside}`;
    hierarchies.push({ version: mount.version, controllers, ownPath, ownFolder });
  }
  return hierarchies;
}

function parseMounts(mountinfo: string): CgroupMount[] {
  const mounts: CgroupMount[] = [];
  for (const line of mountinfo.split("\n")) {
    const [before = "", after = ""] = line.split(" - ");
    const [, , , root = "/", folder = ""] = before.split(" ");
    const [type, , superOptions = ""] = after.split(" ");
    if (type === "cgroup2") mounts.push({ version: 2, controllers: [], root, folder });
    if (type === "cgroup") mounts.push({ version: 1, controllers: superOptions.split(","), root, folder });
  }
  return mounts;
}

/** The path below what is mounted; undefined when it is outside. */
function withoutRoot(path: string, root: string): string | undefined {
  if (root === "/") return path;
  if (path === root) return "/";
  return path.startsWith(`${root}/`) ? path.slice(root.length) : undefined;
}
