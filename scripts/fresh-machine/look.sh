# Prints everything of a machine that an environment may change. The text stays the same as long as nothing is changed.
section() { echo "## $1"; }

section 'enabled units'
systemctl list-unit-files --state=enabled --no-legend --plain 2>/dev/null | awk '{ print $1 }' | sort
section 'listeners'
ss -Hltn | awk '{ print $4 }' | sort -u
section 'rules of the packet filter'
# Counters of rules change all the time, so they are left out.
{ command -v nft >/dev/null && nft list ruleset; } | sed 's/counter packets [0-9]* bytes [0-9]*/counter/'
section 'settings'
find /etc/modules-load.d /etc/modprobe.d /etc/sysctl.d -type f -exec sha256sum {} + 2>/dev/null | sort
for name in fs/inotify/max_user_instances fs/inotify/max_user_watches net/ipv4/ip_forward \
  net/bridge/bridge-nf-call-iptables net/bridge/bridge-nf-call-ip6tables; do
  [ ! -e /proc/sys/$name ] || echo "$name $(cat /proc/sys/$name)"
done
section 'modules of an environment'
awk '$1 ~ /^(overlay|br_netfilter|nf_conntrack)$/ { print $1 }' /proc/modules | sort
section 'links'
ip -br link | awk '{ print $1 }' | sort
section 'network namespaces'
ip netns list | awk '{ print $1 }' | sort
section 'cgroups'
find /sys/fs/cgroup -maxdepth 3 -type d -name 'plumbline*' | sort
section 'mounts'
awk '$2 ~ /plumbline/ { print $2 }' /proc/mounts | sort
section 'processes'
ps -eo comm= | grep -E 'kubelet|kube-|containerd|etcd|haproxy|registry' | sort -u
exit 0
