# Keeps a room for a scratch server: `sh -c THIS midwatch ROOM`. Tells whom the room belongs to; at the end of our standard input,
# which comes however midwatch ends, it ends all that works in the room and removes it. Of a room that is there already only one
# that bears our mark is taken over.
room=$1/room mark=$1/midwatch-bench
sweep() {
  for attempt in 1 2 3 4 5; do
    left=
    for process in /proc/[0-9]*; do
      case $(readlink "$process/cwd" 2>/dev/null) in
        "$room" | "$room"/*) kill "-$1" "${process#/proc/}" 2>/dev/null && left=yes ;;
      esac
    done
    [ "$left" ] || break
    sleep 1
    set -- KILL
  done
  rm -rf "$room"
}
if [ -e "$1" ] && [ ! -e "$mark" ]; then
  echo "midwatch: $1 is not a scratch folder of midwatch: nothing in it is touched" >&2
  exit 73
fi
set -e
mkdir -p "$1"
chmod 711 "$1"
: >"$mark"
set +e
sweep KILL
mkdir -m 700 "$room" || exit 73
owner=$(id -un 2>/dev/null || id -u)
if [ "$(id -u)" = 0 ]; then
  for owner in postgres redis valkey nobody; do
    chown "$owner" "$room" 2>/dev/null && break
  done
fi
echo "$owner"
while IFS= read -r word; do :; done
cd /
sweep QUIT
rm -rf "$1"
