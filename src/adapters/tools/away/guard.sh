# Watches over a program whose standard input is its own: `sh -c THIS midwatch PROGRAM`, beside run.sh, with the number that it
# told: it tells that again when it is there. A word `stop` asks the program to end; `done` says that it has; our end without
# that word kills it.
echo "midwatch: program $1" >&2
while IFS= read -r word; do
  case $word in
    stop) kill -TERM "$1" ;;
    done) exit 0 ;;
  esac
done
kill -KILL "$1"
