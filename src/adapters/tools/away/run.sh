# Runs one program where a service's tools are, for midwatch at the other end of our standard input.
#
#   sh -c THIS midwatch MODE FOLDERS USER ROOM NAME=VALUE… SECRET… -- PROGRAM ARGUMENT…
#
# MODE is `input` where the standard input is the program's, else `line`: then it is a line to midwatch. A word `stop` on it asks
# the program to end; its end, which comes however midwatch ends, kills the program. FOLDERS are searched before PATH: a list
# with colons, `newest`, or the major version that PostgreSQL's programs must be of. A root runs it as USER, in the folder ROOM;
# `-` is none. A SECRET is the name of a variable; its
# value is a line of our standard input, so that it is in no argument.
unset PGHOST PGHOSTADDR PGPORT PGDATABASE PGUSER PGPASSWORD PGPASSFILE PGSERVICE PGSERVICEFILE PGOPTIONS PGAPPNAME PGSSLMODE \
  PGSSLROOTCERT PGSSLCERT PGSSLKEY PGREQUIRESSL PGCHANNELBINDING PGTARGETSESSIONATTRS PGCONNECT_TIMEOUT PGCLIENTENCODING \
  PGDATA PGTZ PGDATESTYLE REDISCLI_AUTH LD_PRELOAD LD_LIBRARY_PATH
export LC_ALL=C
mode=$1 folders=$2 user=$3 room=$4
shift 4
while [ "$1" != -- ]; do
  case $1 in
    *=*) export "$1" ;;
    *) IFS= read -r secret || exit 125; export "$1=$secret" ;;
  esac
  shift
done
shift
case $folders in
  */*) PATH=$folders:$PATH ;;
  *)
    best=0 any=
    for folder in /usr/lib/postgresql/*/bin /usr/pgsql-*/bin; do
      major=${folder%/bin} major=${major##*[/-]}
      case $major in *[!0-9]*) continue ;; esac
      [ -x "$folder/$1" ] || continue
      any=yes
      [ "$folders" = newest ] || [ "$folders" = "$major" ] || continue
      if [ "$major" -gt "$best" ]; then best=$major bin=$folder; fi
    done
    # What PATH has where versions lie side by side is a wrapper that chooses one of them by itself.
    if [ "$best" -gt 0 ]; then PATH=$bin:$PATH
    elif [ "$any" ]; then echo "midwatch: $1 of PostgreSQL $folders is not installed there" >&2; exit 127; fi
    ;;
esac
PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH
command -v "$1" >/dev/null || { echo "midwatch: $1 is not installed there" >&2; exit 127; }
# A session of its own is a group of its own: all that the program starts ends with it.
if command -v setsid >/dev/null; then alone=setsid sign=-; else alone='' sign=''; fi
# Not where a PostgreSQL is the container's first process: what we killed and left to it, it would take for a crash of its own and
# restart. There the program alone is ended, which we wait for ourselves.
IFS= read -r first </proc/1/comm
case $first in postgres | postmaster) sign='' ;; esac
if [ "$user" != - ] && [ "$(id -u)" = 0 ]; then alone="$alone setpriv --reuid=$user --regid=$user --init-groups --"; fi
if [ "$room" != - ]; then cd "$room" && export HOME="$room" || exit 125; else cd /; fi
exec 3<&0
if [ "$mode" = input ]; then
  $alone "$@" <&3 3<&- &
  program=$!
  echo "midwatch: program $sign$program" >&2
  exec 3<&-
  wait "$program"
else
  $alone "$@" </dev/null 3<&- &
  program=$!
  {
    while IFS= read -r word; do
      [ "$word" = stop ] && kill -TERM "$sign$program"
    done <&3
    kill -KILL "$sign$program"
  } >/dev/null 2>&1 &
  line=$!
  exec 3<&-
  wait "$program"
  status=$?
  kill -KILL "$line" 2>/dev/null
  wait "$line" 2>/dev/null
  exit "$status"
fi
