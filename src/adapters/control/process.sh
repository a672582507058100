# Looks at processes, signals them and starts a program, for midwatch: `sh -c THIS midwatch VERB …`, here and behind ssh alike.
case $1 in
  look)
    # PID files, whose pattern may have a star for the instances' numbers, and every process that may be seen.
    echo "host $(uname -n)"
    echo "page $(getconf PAGESIZE 2>/dev/null || echo 4096)"
    while read -r name value _; do [ "$name" = btime ] && echo "boot $value"; done </proc/stat
    IFS=
    for file in $2; do
      IFS=' '
      case $file in *\**) continue ;; esac
      real=$(readlink -f "$file")
      if [ ! -e "$file" ]; then
        printf 'file\t%s\t%s\t-\t-\n' "$file" "$real"
      elif [ ! -r "$file" ]; then
        printf 'file\t%s\t%s\t-\t?\n' "$file" "$real"
      else
        pid= home=-
        read -r pid _ <"$file"
        # Whose working folder is that of the file is what wrote it, whatever the clock says.
        [ "$(readlink "/proc/$pid/cwd" 2>/dev/null)" = "${real%/*}" ] && home=home
        printf 'file\t%s\t%s\t%s\t%s\t%s\n' "$file" "$real" "$(stat -c %Y "$file")" "${pid:--}" "$home"
      fi
    done
    cat /proc/[0-9]*/stat 2>/dev/null
    exit 0
    ;;
  signal)
    # PROCESS:START…, in this order; one that is another by now, or gone, needs no signal.
    signal=$2 status=0
    shift 2
    for process in "$@"; do
      pid=${process%:*} start=${process#*:}
      stat=$(cat "/proc/$pid/stat" 2>/dev/null) || continue
      # The name may hold anything, so it is cut at its last bracket; the start is the twentieth word behind it.
      # shellcheck disable=SC2086
      now=$(set -f; set -- ${stat##*) }; shift 19; echo "$1")
      [ "$now" = "$start" ] || continue
      kill -s "$signal" "$pid" || { [ -e "/proc/$pid" ] && status=77; }
    done
    exit "$status"
    ;;
  start)
    # LOG PROGRAM…: in a session of its own, so that nothing that ends us ends it; with no file of ours.
    log=$2
    shift 2
    unset LC_ALL
    cd /
    setsid "$@" </dev/null >>"$log" 2>&1 &
    wait "$!"
    exit "$?"
    ;;
esac
