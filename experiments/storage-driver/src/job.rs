//! What a cell has to do: a job's image, and what an application may do with files of its layers.

/// The job's image has so many layers.
pub(crate) const LAYERS: usize = 30;

/// Its name.
pub(crate) const IMAGE: &str = "job";

/// Builds it with the engine whose program comes first: some weight, many small layers, and two
/// layers that delete, replace, rename, link and change what is below them.
pub(crate) const BUILD: &str = r#"set -e
rm -rf /tmp/job && mkdir -p /tmp/job/base/folder /tmp/job/base/opaque && cd /tmp/job
for file in deleted renamed linked mode read opaque/old-1 opaque/old-2 folder/a folder/b
do echo "$file" > base/$file; done
chmod 644 base/mode
head -c 8388608 /dev/urandom > base/weight
{
    echo 'FROM alpine'
    echo 'COPY base /base'
    n=1
    while [ $n -le 26 ]; do echo $n > $n; echo "COPY $n /layers/$n"; n=$((n+1)); done
    echo 'RUN echo pair > /base/pair && ln /base/pair /base/pair-2 && rm /base/deleted && rm -r /base/opaque && mkdir /base/opaque && echo new > /base/opaque/new'
    echo 'RUN mv /base/renamed /base/renamed-2 && ln /base/linked /base/linked-2 && chmod 600 /base/mode && mv /base/folder /base/folder-2'
} > Dockerfile
DOCKER_BUILDKIT=0 "$1" build --quiet --tag job . > /dev/null
cd / && rm -rf /tmp/job
"$1" image inspect --format '{{len .RootFS.Layers}}' job
"#;

/// Prints a digest over all of its files.
pub(crate) const DIGEST: &str =
    "find /base /layers -type f | sort | xargs sha256sum | sha256sum | cut -d' ' -f1";

/// Left by a container before a restart, looked for after it.
pub(crate) const KEEP: &str = "cat /kept 2>/dev/null || echo kept > /kept";

/// Prints what is not as POSIX has it, one a line (`what: seen, not expected`), and `looked` in the
/// end. What the image's own layers did comes first, then what a container does to them.
pub(crate) const POSIX: &str = r#"
is() { [ "$2" = "$3" ] || echo "$1: $3, not $2"; }
there() { [ -e "$1" ] && echo there || echo gone; }
is "deleted by a layer" gone "$(there /base/deleted)"
is "folder replaced by a layer" new "$(ls /base/opaque | tr '\n' ' ' | sed 's/ $//')"
is "renamed by a layer" "gone renamed" "$(there /base/renamed) $(cat /base/renamed-2)"
is "folder renamed by a layer" "gone a b" "$(there /base/folder) $(ls /base/folder-2 | tr '\n' ' ' | sed 's/ $//')"
is "mode changed by a layer" 600 "$(stat -c %a /base/mode)"
is "linked by a layer" 1 "$(stat -c %i /base/linked /base/linked-2 | sort -u | wc -l)"

mv /layers/1 /layers/one
is "file renamed" "gone 1" "$(there /layers/1) $(cat /layers/one)"
ln /layers/2 /layers/two && echo more >> /layers/two
is "file linked" "2 more" "$(cat /layers/2 | tr '\n' ' ' | sed 's/ $//')"
chmod 640 /layers/3
is "mode changed" "640 3" "$(stat -c %a /layers/3) $(cat /layers/3)"
rm /layers/4
is "file deleted" gone "$(there /layers/4)"
echo again > /layers/4
is "deleted file made anew" again "$(cat /layers/4)"
rm -r /base/folder-2 && mkdir /base/folder-2 && echo new > /base/folder-2/new
is "folder replaced" new "$(ls /base/folder-2)"
rm -r /base/opaque
is "folder that a layer replaced, deleted" gone "$(there /base/opaque)"
echo more >> /base/pair
is "write through one of two names of a layer" "pair more" "$(cat /base/pair-2 | tr '\n' ' ' | sed 's/ $//')"
exec 3< /base/read && echo more >> /base/read
is "write seen by who has read before" "read more" "$(cat <&3 | tr '\n' ' ' | sed 's/ $//')"
before=$(stat -c %i /layers) && mv /layers /layers-2
is "folder renamed" "same 25" "$([ "$before" = "$(stat -c %i /layers-2)" ] && echo same || echo copy) $(ls /layers-2 | grep -c '^[0-9]*$')"
echo looked
"#;

/// Where a deviation is known.
#[derive(Clone, Copy)]
pub(crate) enum Where {
    /// Overlay file systems (Documentation/filesystems/overlayfs.rst, "Non-standard behavior" and
    /// "renaming directories").
    Overlays,
    /// A layer that is made by comparing two trees, by size and time of each file: a second name of a
    /// file that did not change becomes a file of its own (moby's pkg/archive/changes.go).
    NaiveDiff,
}

/// How Docker's overlay2 says that its layers are the upper folders themselves.
pub(crate) const NATIVE_DIFF: &str = r#"["Native Overlay Diff","true"]"#;

/// What deviates and is known to.
pub(crate) const KNOWN: &[(&str, Where)] = &[
    ("write through one of two names of a layer", Where::Overlays),
    ("write seen by who has read before", Where::Overlays),
    ("folder renamed", Where::Overlays),
    ("linked by a layer", Where::NaiveDiff),
];

/// Makes, lists and removes so many small files; prints how many there were. `fuse-overlayfs` often
/// does not list some of them to who removes them ("Directory not empty"): then again, as anybody
/// would, and in a folder of its own each time, in case it never gets through.
pub(crate) const FILES: &str = "many=$(mktemp -d /many.XXXXXX) && cd $many && i=0
while [ $i -lt 10000 ]; do echo $i > $i; i=$((i+1)); done
ls -l | grep -c '^-' && cd / && tries=0
until rm -r $many; do tries=$((tries+1)); [ $tries -lt 20 ] || exit; done";

/// How many [`FILES`] prints.
pub(crate) const MANY: &str = "10000\n";

/// Writes so much and waits for the device.
pub(crate) const WRITE: &str = "dd if=/dev/zero of=/written bs=1M count=64 conv=fsync 2>/dev/null";

/// Makes room for the next time.
pub(crate) const UNWRITE: &str = "rm /written";
