# The injector of a drill on a node. Runs in a privileged pod that sees the node's processes (hostPID), given to sh as text:
#   watch SECONDS          the pod's main process: undoes everything on SIGTERM, or after SECONDS
#   look UID               processes of a pod, one a line: PID@start time and container
#   kill UID SECONDS       sends SIGKILL to the processes of a pod, and to what they start meanwhile, until none is left
#   frozen ID              state of a container's freezer, number of processes in it, its folder
#   freeze ID SECONDS      freezes a container, and waits until the kernel says FROZEN
#   cut PID START TABLE RULES   loads a packet filter into the network namespace of a process
#   probe PID ADDRESS PORT …   sends a connection attempt from that namespace to each address; its outcome does not matter
#   inside PID COMMAND…    runs a command in that namespace
# The image needs a shell and its usual tools (busybox will do), nsenter and nft.
# What is done is recorded before it is done, in a folder that outlives the container, and undone in reverse order.
# Exit code 3: there was nothing to act on, and the last line says why.
# This text must not contain two dollar signs in a row: Kubernetes replaces them by one.
set -u
undo=${PLUMBLINE_UNDO:-/plumbline/undo}
cgroups=${PLUMBLINE_CGROUPS:-/proc/1/root/sys/fs/cgroup}
pins=${PLUMBLINE_PINS:-/proc/1/root/run/netns}
network=${PLUMBLINE_NETWORK:-/proc/1/ns/net}
mkdir -p "$undo"

now() { cut -d. -f1 /proc/uptime; }

# Two members on one node may be hit at the same time, so each record has a unique name. If it cannot be written, nothing is done.
record() {
  new=$(mktemp "$undo/.XXXXXX") && echo "$*" >"$new" &&
    mv "$new" "$undo/$(($(find "$undo" -type f | wc -l) + 1000))${new##*/}" || {
    echo "cannot record how it is undone"
    exit 4
  }
}

# State and start time (fields 3 and 22) of a process. The name before them may contain spaces and brackets.
stat_of() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f1,20; }

alive() {
  set -- $(stat_of "$1") "$2"
  [ $# -eq 3 ] && [ "$1" != Z ] && [ "$2" = "$3" ]
}

# kubelet writes the UID with dashes, or with underscores where systemd keeps the cgroups. CRI-O has a process of its own beside each
# container in the pod's cgroup, conmon, which tells it how the container ended: it is none of the pod's.
processes() {
  other=$(echo "$1" | tr - _)
  for file in $(grep -lE "pod($1|$other)" /proc/[0-9]*/cgroup 2>/dev/null); do
    grep -q conmon "$file" 2>/dev/null && continue
    pid=${file#/proc/}
    pid=${pid%/cgroup}
    container=$(grep -oE '[0-9a-f]{64}' "$file" 2>/dev/null | head -n 1)
    set -- $(stat_of "$pid")
    [ $# -eq 2 ] && [ "$1" != Z ] && echo "$pid@$2 ${container:-none}"
  done
}

look() {
  found=$(processes "$1")
  [ -n "$found" ] || { echo "no process of the pod $1 is on this node"; exit 3; }
  echo "$found"
}

kill_all() {
  first=$(look "$1") || { echo "$first"; exit 3; }
  containers=$(echo "$first" | cut -d' ' -f2 | sort -u)
  end=$(($(now) + $2))
  seen=$(echo "$first" | cut -d' ' -f1)
  while :; do
    left=$(processes "$1" | grep -F "$containers" | cut -d' ' -f1)
    [ -n "$left" ] || break
    seen=$(printf '%s\n%s\n' "$seen" "$left" | sort -u)
    for one in $left; do kill -9 "${one%@*}" 2>/dev/null; done
    [ "$(now)" -le "$end" ] || { echo "still there: $(echo $left)"; exit 4; }
  done
  echo "gone: $(echo $seen)"
}

freezer() {
  # Of one container: a part of a name would find what holds many.
  echo "$1" | grep -qxE '[0-9a-f]{64}' || return 1
  for base in "$cgroups/freezer" "$cgroups"; do
    folder=$(find "$base" -type d -name "*$1*" ! -name '*conmon*' 2>/dev/null | head -n 1)
    [ -n "$folder" ] || continue
    [ -e "$folder/freezer.state" ] || [ -e "$folder/cgroup.freeze" ] || continue
    echo "$folder"
    return 0
  done
  return 1
}

state_of() {
  if [ -e "$1/freezer.state" ]; then
    cat "$1/freezer.state"
  elif grep -q 'frozen 1' "$1/cgroup.events" 2>/dev/null; then
    echo FROZEN
  else
    echo THAWED
  fi
}

set_freezer() {
  if [ -e "$1/freezer.state" ]; then
    echo "$2" >"$1/freezer.state"
  elif [ -e "$1/cgroup.freeze" ]; then
    [ "$2" = FROZEN ] && echo 1 >"$1/cgroup.freeze" || echo 0 >"$1/cgroup.freeze"
  fi
}

frozen() {
  folder=$(freezer "$1") || { echo "no cgroup of the container $1 is on this node"; exit 3; }
  count=$(find "$folder" -name cgroup.procs -exec cat {} + 2>/dev/null | wc -l)
  [ "$count" -gt 0 ] || { echo "the container $1 has no process"; exit 3; }
  echo "$(state_of "$folder") $count $folder"
}

# Whoever is still acting when the drill ends takes back what was done after all was undone.
unless_ended() {
  [ -e "$undo/ended" ] || return 0
  "$@"
  echo "the drill was ended meanwhile"
  exit 4
}

freeze() {
  folder=$(freezer "$1") || { echo "no cgroup of the container $1 is on this node"; exit 3; }
  record thaw "$folder"
  end=$(($(now) + $2))
  while :; do
    set_freezer "$folder" FROZEN
    unless_ended set_freezer "$folder" THAWED
    [ "$(state_of "$folder")" != FROZEN ] || break
    [ "$(now)" -le "$end" ] || { echo "$(state_of "$folder") of $folder"; exit 4; }
  done
  frozen "$1"
}

# Where the network namespace with this number can be entered: by a process in it, or, where no sandbox' own process keeps it, by the file
# that the runtime keeps it by.
namespace() {
  stat -L -c '%i %n' /proc/[0-9]*/ns/net "$pins"/* 2>/dev/null | grep "^$1 " | head -n 1 | cut -d' ' -f2
}

cut_off() {
  alive "$1" "$2" || { echo "process $1 is gone"; exit 3; }
  number=$(stat -L -c %i "/proc/$1/ns/net") || { echo "process $1 is gone"; exit 3; }
  nodes=$(stat -L -c %i "$network") || { echo "the network namespace of the node ($network) cannot be read"; exit 3; }
  [ "$number" != "$nodes" ] || {
    echo "process $1 uses the network of its node (hostNetwork): to cut it off would cut off everything on the node"
    exit 3
  }
  record filter "$number" "$3"
  printf '%s' "$4" | nsenter "-n/proc/$1/ns/net" nft -f - || return
  unless_ended undo_one filter "$number" "$3"
}

knock() {
  if command -v bash >/dev/null; then
    nsenter "-n/proc/$1/ns/net" timeout 0.3 bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$2" "$3"
  else
    nsenter "-n/proc/$1/ns/net" nc -w 1 "$2" "$3"
  fi </dev/null >/dev/null 2>&1
}

probe() {
  pid=$1
  shift
  while [ $# -ge 2 ]; do
    knock "$pid" "$1" "$2" &
    shift 2
  done
  wait
}

undo_one() {
  case $1 in
  thaw)
    [ ! -d "$2" ] || set_freezer "$2" THAWED
    [ ! -d "$2" ] || [ "$(state_of "$2")" = THAWED ]
    ;;
  filter)
    within=$(namespace "$2")
    [ -n "$within" ] || return 0
    tables=$(nsenter "-n$within" nft list tables) || return 1
    echo "$tables" | grep -qxF "table inet $3" || return 0
    nsenter "-n$within" nft delete table inet "$3"
    ;;
  esac
}

undo_all() {
  failed=0
  for file in $(find "$undo" -type f -name '1*' | sort -r); do
    if undo_one $(cat "$file"); then
      echo "undone: $(cat "$file")"
      rm -f "$file"
    else
      echo "not undone: $(cat "$file")"
      failed=1
    fi
  done
  return $failed
}

# Retries until everything is undone. After the grace period Kubernetes kills the pod, and restarts it if its restart policy allows.
end_well() {
  : >"$undo/ended"
  until undo_all; do sleep 1; done
  exit 0
}

watch() {
  undo_all
  trap end_well TERM INT
  end=$(($(now) + $1))
  while [ "$(now)" -lt "$end" ]; do
    sleep 1 &
    wait
  done
  echo "nobody ended the drill in $1 s"
  end_well
}

case $1 in
watch) watch "$2" ;;
look) look "$2" ;;
kill) kill_all "$2" "$3" ;;
frozen) frozen "$2" ;;
freeze) freeze "$2" "$3" ;;
cut) cut_off "$2" "$3" "$4" "$5" ;;
probe)
  shift
  probe "$@"
  ;;
inside)
  pid=$2
  shift 2
  nsenter "-n/proc/$pid/ns/net" "$@"
  ;;
esac
