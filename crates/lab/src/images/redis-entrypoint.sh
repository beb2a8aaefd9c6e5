#!/bin/sh
# As the published image does: options only mean the server, which runs as the user redis in /data
# and without the mode in which it refuses all clients but its own machine's.
set -eu

if [ "$#" -eq 0 ] || [ "${1#-}" != "$1" ] || [ "${1%.conf}" != "$1" ]; then
    set -- redis-server "$@"
fi
if [ "$1" != redis-server ]; then
    exec "$@"
fi

if [ "$(id -u)" = 0 ]; then
    cd /data
    chown -R redis:redis .
    # By path: of the name alone busybox would take its own applet, which can do less.
    exec /usr/bin/setpriv --reuid=redis --regid=redis --clear-groups -- "$0" "$@"
fi

# Before the caller's own options, so that these count, but after a configuration file.
shift
configuration=
case "${1:-}" in
    *.conf)
        configuration=$1
        shift
        ;;
esac
exec redis-server ${configuration:+"$configuration"} --protected-mode no "$@"
