#!/bin/bash
# One node of the embedded environment, in three steps:
#   enter  joins the node's cgroups and makes them the root of a cgroup namespace
#   apart  joins the inner cgroups and the network namespace, then unshares every other namespace
#   init   is PID 1 of the node: builds the node's own root, then keeps containerd and kubelet running
# A fourth mode, exec, runs a command in a node that is up. All input is in NODE_* variables.
set -eu

join_cgroups() { # FILE…
  local file
  for file; do echo $$ >"$file"; done
}

case "$1" in
enter)
  # shellcheck disable=SC2086 # the variable holds several words, here and below
  join_cgroups $NODE_ENTER
  exec unshare --cgroup -- /bin/bash "$0" apart
  ;;
apart)
  # With cgroup v2 NODE_INSIDE is a leaf below the namespace's root: a cgroup that enables controllers for its children may hold no
  # process, not even this one, which waits for the node's end. With v1 NODE_INSIDE names the cgroups that this process is in already.
  # shellcheck disable=SC2086
  join_cgroups $NODE_INSIDE
  # --kill-child: if this process is killed, the node is killed too, so it never outlives its process on the host.
  exec nsenter --net="/run/netns/$NODE_NETNS" -- \
    unshare --mount --pid --uts --ipc --fork --kill-child --propagation private -- \
    /bin/bash "$0" init
  ;;
exec)
  # shellcheck disable=SC2086
  join_cgroups $NODE_INSIDE
  shift
  # --wd: in the folder that PID 1 is in, which is the node's root folder. --wdns=/ says the same, but came with util-linux 2.38 only.
  exec nsenter --target "$NODE_PID" --mount --uts --ipc --net --pid --cgroup --root --wd -- "$@"
  ;;
esac

# /proc is still the host's here, so this is the pid of the node's PID 1 on the host.
read -r host_pid _ </proc/self/stat
hostname "$NODE_NAME"

# A root of its own on a tmpfs. Programs are in the host's /usr; everything that the node writes is in its folder.
root=$NODE_DIR/root
mount -t tmpfs -o mode=755,size=16m plumbline "$root"
cd "$root"
mkdir usr proc sys dev run tmp root opt etc var mnt old
chmod 1777 tmp
# An overlay, so that folders which kubelet and containerd add (/lib/modules, plugin folders) exist in this node only.
mkdir -p .usr/upper .usr/work
mount -t overlay usr -o "lowerdir=/usr,upperdir=$root/.usr/upper,workdir=$root/.usr/work" usr
mkdir -p usr/lib/modules
for folder in bin sbin lib lib32 lib64 libx32; do
  if [ -L "/$folder" ]; then
    cp -a "/$folder" "$folder"
  elif [ -d "/$folder" ]; then
    mkdir "$folder"
    mount --bind "/$folder" "$folder"
  fi
done
mount --rbind /dev dev
mount --bind "$NODE_DIR/etc" etc
mount --bind "$NODE_DIR/var" var
mkdir -p "$root$NODE_BIN"
mount --bind "$NODE_BIN" "$root$NODE_BIN"
mount -o remount,bind,ro "$root$NODE_BIN"
mount -t tmpfs -o mode=755 run run
mkdir run/lock
pivot_root . old
cd /
mount -t proc proc /proc
mount -t sysfs sysfs /sys
# In this cgroup namespace each hierarchy shows only the node's subtree.
if [ "$NODE_CGROUP_MOUNTS" = unified ]; then
  mount -t cgroup2 cgroup2 /sys/fs/cgroup
  for controller in $(cat /sys/fs/cgroup/cgroup.controllers); do
    echo "+$controller" >/sys/fs/cgroup/cgroup.subtree_control
  done
else
  mount -t tmpfs -o mode=755,size=1m cgroup /sys/fs/cgroup
  for hierarchy in $NODE_CGROUP_MOUNTS; do
    options=${hierarchy#*:}
    folder=/sys/fs/cgroup/${hierarchy%%:*}
    mkdir "$folder"
    case $options in
    unified) mount -t cgroup2 cgroup2 "$folder" ;;
    name=*) mount -t cgroup -o "none,$options" cgroup "$folder" ;;
    *) mount -t cgroup -o "$options" cgroup "$folder" ;;
    esac
  done
fi
umount -l /old
rmdir /old
# Shared: kubelet must see the mounts of pods, and pods the volumes that kubelet mounts.
mount --make-rshared /

# Needed by kube-proxy and the pods' bridge. These settings are those of the network namespace, not of the machine.
echo 1 >/proc/sys/net/ipv4/ip_forward
if [ -e /proc/sys/net/bridge/bridge-nf-call-iptables ]; then
  # If two pods on one node talk through a Service, the reply must pass the packet filter on the bridge.
  echo 1 >/proc/sys/net/bridge/bridge-nf-call-iptables
fi
if [ -e /proc/sys/net/netfilter/nf_conntrack_tcp_timeout_syn_sent ]; then
  # By default conntrack keeps an unanswered connection to a dead pod, with its rewritten address, for 120 s. A client that
  # reuses the same source port would be sent to the dead pod again, long after the Service has other endpoints.
  echo 5 >/proc/sys/net/netfilter/nf_conntrack_tcp_timeout_syn_sent
fi

# kube-proxy rejects connections to a Service without endpoints by ICMP. On one machine the ICMP can arrive while the kernel still holds
# the client's socket lock. The kernel then keeps the error in the socket's error queue and sends the SYN again. When that succeeds, epoll
# reports an error on a working connection forever. Redis' event loop spins on it (seen: two of three Sentinels at their CPU limit).
# So ICMP to pods is dropped, and a pod waits for its next SYN. Clients outside of pods still get the ICMP.
nft -f - <<RULES
table ip plumbline_node {
  chain no_icmp_rejects {
    type filter hook output priority filter; policy accept;
    ip daddr $NODE_PODS icmp type destination-unreachable icmp code port-unreachable drop
  }
}
RULES

export PATH="$NODE_BIN:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
export HOME=/root
mkdir -p /var/log/pods /var/log/containers /var/lib/kubelet /var/lib/containerd /var/lib/cni

# keep NAME COMMAND…: runs the command, and restarts it one second after it ends, while the node lives.
keep() {
  local name=$1
  shift
  while :; do
    "$@" >>"/var/log/$name.log" 2>&1 || true
    echo "$(date -u +%FT%TZ) $name ended; it is being restarted" >>"/var/log/$name.log"
    sleep 1
  done
}

run_kubelet() {
  # kubeadm writes both files. A node that restarts after a crash has them already.
  until [ -s /var/lib/kubelet/config.yaml ] && [ -s /var/lib/kubelet/kubeadm-flags.env ]; do sleep 0.1; done
  . /var/lib/kubelet/kubeadm-flags.env
  # shellcheck disable=SC2086 # the variable holds several words
  exec kubelet --bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf \
    --kubeconfig=/etc/kubernetes/kubelet.conf --config=/var/lib/kubelet/config.yaml $KUBELET_KUBEADM_ARGS
}
kubelet_again() { (run_kubelet); }

keep containerd containerd --config /etc/containerd/config.toml &
keep kubelet kubelet_again &
echo "$host_pid" >/var/lib/plumbline-pid
# On shutdown the machine sends TERM and waits for processes that stay. PID 1 of a namespace ignores TERM unless it has a handler.
trap 'exit 0' TERM
# PID 1 inherits every orphan of the node; wait reaps them.
while :; do wait -n || sleep 0.2; done
