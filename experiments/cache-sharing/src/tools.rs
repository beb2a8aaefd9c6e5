//! How a job pulls and builds.

/// Scripts of a job. Their arguments: the engine's program, the image's name, its base, the name and
/// the content of the file that it adds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tools {
    pub(crate) pull: &'static str,
    pub(crate) build: &'static str,
}

/// What an engine does by itself. The file has always the same time, so that the same content makes
/// the same layer in both jobs, as it does for two jobs of one pipeline.
pub(crate) const PLAIN: Tools = Tools {
    pull: r#""$1" pull --quiet "$3" && "$1" tag "$3" "$2""#,
    build: r#"d=$(mktemp -d) && cd "$d" && mkdir made && printf %s "$5" > "made/$4" || exit
chmod 755 made && chmod 644 "made/$4" && touch -d @0 "made/$4" made || exit
printf 'FROM %s\nCOPY made /made\n' "$3" > Dockerfile
DOCKER_BUILDKIT=0 "$1" build --quiet --tag "$2" . ; code=$?
cd / && rm -rf "$d"; exit $code"#,
};

/// What a job builds is saved in an archive that another one loads instead of pulling.
pub(crate) const ARCHIVE: Tools = Tools {
    pull: r#"if [ -e "/cache/$3.tar" ]
then "$1" load --quiet --input "/cache/$3.tar"
else "$1" pull --quiet "$3" && "$1" save --output "/cache/$3.tar" "$3"
fi && "$1" tag "$3" "$2""#,
    build: PLAIN.build,
};

/// Builds through buildx, whose cache is a folder that all jobs read and write.
pub(crate) const BUILDX: Tools = Tools {
    pull: PLAIN.pull,
    build: r#"d=$(mktemp -d) && cd "$d" && mkdir made && printf %s "$5" > "made/$4" || exit
chmod 755 made && chmod 644 "made/$4" && touch -d @0 "made/$4" made || exit
printf 'FROM %s\nCOPY made /made\n' "$3" > Dockerfile
from=; [ -e /cache/index.json ] && from=--cache-from=type=local,src=/cache
"$1" buildx build --quiet $from --cache-to type=local,dest=/cache,mode=max --load --tag "$2" . ; code=$?
cd / && rm -rf "$d"; exit $code"#,
};

/// Builds with Buildah, which keeps the layer of each step (`--layers`) in the shared store.
pub(crate) const BUILDAH: Tools = Tools {
    pull: PLAIN.pull,
    build: r#"d=$(mktemp -d) && cd "$d" && mkdir made && printf %s "$5" > "made/$4" || exit
chmod 755 made && chmod 644 "made/$4" && touch -d @0 "made/$4" made || exit
printf 'FROM %s\nCOPY made /made\n' "$3" > Dockerfile
buildah build --layers --quiet --tag "$2" . ; code=$?
cd / && rm -rf "$d"; exit $code"#,
};
