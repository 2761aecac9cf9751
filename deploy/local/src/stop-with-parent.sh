#!/bin/sh
# Stops a server that cannot see by itself that its starter is gone.
# usage: stop-with-parent.sh SIGNAL PID START_MARK
# Waits until standard input closes, which happens when the starter ends, however it ends (kill -9 too). Then asks PID to stop,
# but only if it is still the process that began at START_MARK (see process-identity.ts): ids are used again.
read -r _
if [ -r "/proc/$2/stat" ]; then
  began=$(sed 's/.*) //' "/proc/$2/stat" 2>/dev/null | cut -d ' ' -f 20)
else
  began=$(ps -o lstart= -p "$2" 2>/dev/null | sed 's/^ *//; s/ *$//')
fi
# (On Linux the mark is "<boot id>-<ticks>"; the boot is the same here.)
[ "$began" = "${3##*-}" ] && kill -s "$1" "$2"
exit 0
