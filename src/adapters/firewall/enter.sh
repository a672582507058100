# Runs a program in the network of another process: $1 is its number, the rest the program. Ends with 97 where that network cannot be
# seen, with 98 where it is the network of whoever asks: the number is then not that of a container here.
pid=$1
shift
there=$(readlink "/proc/$pid/ns/net") || exit 97
[ "$there" != "$(readlink /proc/self/ns/net)" ] || exit 98
exec nsenter -t "$pid" -n -- "$@"
