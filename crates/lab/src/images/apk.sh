#!/bin/sh
# Published images of Alpine have a program of this name.
echo "apk: nothing can be installed: this image is a stand-in made of Debian packages, and the lab has no network (\`lab pull\` brings the published one)" >&2
exit 1
