#!/bin/sh
# As the published image does, without its TLS: no command or options only mean the daemon, any
# other command goes to the client's entry point.
set -eu

if [ "$#" -eq 0 ] || [ "${1#-}" != "$1" ]; then
    set -- dockerd --host=unix:///var/run/docker.sock "$@"
fi
if [ "$1" != dockerd ]; then
    exec docker-entrypoint.sh "$@"
fi

# What moby's hack/dind does, and why:
# AppArmor is looked for through securityfs.
export container=docker
if [ -d /sys/kernel/security ]; then
    mount -t securityfs none /sys/kernel/security 2>/dev/null || true
fi
# Containers bind-mount from /tmp; on the image's own layer that can be slow or refused.
grep -q " /tmp " /proc/mounts || mount -t tmpfs none /tmp || true
# On cgroup v2 a group with processes in it can't hand controllers to its children.
# Where that is refused, the daemon shall say itself what it lacks.
if [ -f /sys/fs/cgroup/cgroup.controllers ] && mkdir -p /sys/fs/cgroup/init; then
    # New processes can appear between the two steps: until both succeed, but not for ever.
    tries=0
    until {
        xargs -rn1 < /sys/fs/cgroup/cgroup.procs > /sys/fs/cgroup/init/cgroup.procs 2>/dev/null || :
        sed -e 's/ / +/g' -e 's/^/+/' < /sys/fs/cgroup/cgroup.controllers \
            > /sys/fs/cgroup/cgroup.subtree_control
    } 2>/dev/null || [ "$tries" -ge 100 ]; do
        tries=$((tries + 1))
    done
fi
# Volumes of inner containers may ask for propagation.
mount --make-rshared / || true
# Left by a daemon that was killed.
find /run /var/run -iname 'docker*.pid' -delete 2>/dev/null || true
rm -f /run/containerd/containerd.sock

# Not as the published image, which lets the daemon start its containerd: that daemon asks a moment
# too early and then waits a whole second before it asks again. Where that daemon would have it keep
# its own: with the rest of what the daemon keeps.
root=/var/lib/docker
for argument in "$@"; do
    case $argument in
    --data-root=*) root=${argument#*=} ;;
    esac
done
containerd --root "$root/containerd/daemon" > /run/containerd.log 2>&1 &
tries=0
until [ -S /run/containerd/containerd.sock ] || [ "$tries" -ge 500 ]; do
    tries=$((tries + 1))
    sleep 0.01
done

# Other registries have their names, or are asked, at the lab's own.
cat /etc/docker/registries.hosts >> /etc/hosts || true
set -a
. /etc/docker/away.env

exec docker-init -- "$@"
