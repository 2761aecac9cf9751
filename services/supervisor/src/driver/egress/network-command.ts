import type { CommandLine } from "../oci/worker-network.ts";
import { guestNetwork } from "./egress-rules.ts";
import type { EgressTools } from "./egress-tools.ts";

/** What a worker sees instead of a file of the machine. */
export interface ReplacedFile {
  readonly source: string;
  /** The machine's, where it really is. */
  readonly target: string;
}

/** The file in the network's folder that has the rules. */
export const rulesFile = "rules";

/**
 * Makes the network namespace, then at the same time the device, behind which slirp4netns is, and the rules. Only when both
 * are there does it go on. Nothing is looked for again and again: slirp4netns writes "1" when it is ready, or hangs up.
 * All but the runtime stays in the machine's view of files, so slirp4netns asks the machine's name server.
 */
const networkScript = `
folder=$1 slirp=$2 nft=$3 cidr=$4 option=$5 enter=$6
shift 6
fail() {
  echo "cannot make the network of a worker: $*" >&2
  exit 125
}
: >"$folder/namespace" && mkfifo "$folder/ready" || exit 125
unshare --net="$folder/namespace" true 2>"$folder/log" || fail "$(tail -n 1 "$folder/log")"
"$slirp" --configure --cidr="$cidr" --mtu=65520 --disable-host-loopback --enable-sandbox --enable-seccomp $option \\
  --ready-fd=3 --netns-type=path "$folder/namespace" tap0 3>"$folder/ready" >"$folder/slirp-log" 2>&1 </dev/null &
nsenter --net="$folder/namespace" "$nft" --file "$folder/${rulesFile}" >"$folder/log" 2>&1 ||
  fail "nft: $(head -n 1 "$folder/log")"
read -r ready <"$folder/ready"
[ "$ready" = 1 ] || fail "slirp4netns: $(tail -n 1 "$folder/slirp-log")"
exec nsenter --net="$folder/namespace" unshare --mount --propagation private /bin/sh -c "$enter" windlass-network "$@"
`;

/** Pairs of files up to "--", then the program. */
const enterScript = `
while [ "$1" != -- ]; do
  mount --bind "$1" "$2" || exit 125
  shift 2
done
shift
exec "$@"
`;

/** Becomes the runtime, in a network namespace with a way out (worker-network.ts); `folder` has the rules. */
export function networkCommand(options: {
  tools: EgressTools;
  folder: string;
  /** Whether the worker may ask the machine's name server. */
  asksForNames: boolean;
  replaced: readonly ReplacedFile[];
  runtime: CommandLine;
}): CommandLine {
  const { tools, folder, asksForNames, replaced, runtime } = options;
  return [
    "/bin/sh",
    "-c",
    networkScript,
    "windlass-network",
    folder,
    tools.slirp4netns,
    tools.nft,
    guestNetwork.cidr,
    asksForNames ? "" : "--disable-dns",
    enterScript,
    ...replaced.flatMap(({ source, target }) => [source, target]),
    "--",
    ...runtime,
  ];
}
