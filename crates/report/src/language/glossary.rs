//! What experiments say of their arms and parts, in Spanish. An experiment's own words are part of
//! its record and in English; what is not in this table stays so, and pages mark it as English.

/// English, Spanish.
const SPANISH: &[(&str, &str)] = &[
    // Parts.
    (
        "timed through docker exec, against next to the inner client",
        "cronometrado a través de docker exec, frente a junto al cliente interior",
    ),
    (
        "next to the inner client, against next to the outer one",
        "junto al cliente interior, frente a junto al exterior",
    ),
    (
        "timed through podman exec, against next to the inner Podman",
        "cronometrado a través de podman exec, frente a junto al Podman interior",
    ),
    (
        "the image's setting, no namespaces and no control group, against level 1's",
        "la configuración de la imagen, sin espacios de nombres ni grupo de control, frente a la del nivel 1",
    ),
    (
        "the image's setting, overlay through FUSE, against level 1's",
        "la configuración de la imagen, overlay a través de FUSE, frente a la del nivel 1",
    ),
    (
        "the same configuration one level further in",
        "la misma configuración, un nivel más adentro",
    ),
    (
        "timed at level 0 through exec, against in the container",
        "cronometrado en el nivel 0 a través de exec, frente a dentro del contenedor",
    ),
    (
        "busybox's sha256sum against GNU's, both fed by GNU's head at level 0",
        "el sha256sum de busybox frente al de GNU, ambos alimentados por el head de GNU en el nivel 0",
    ),
    (
        "busybox's head against GNU's, both feeding busybox's sha256sum at level 0",
        "el head de busybox frente al de GNU, ambos alimentando al sha256sum de busybox en el nivel 0",
    ),
    (
        "what /dev/urandom costs more than memory there, against the same at level 0",
        "lo que /dev/urandom cuesta allí de más que la memoria, frente a lo mismo en el nivel 0",
    ),
    (
        "one program over memory, in the container against at level 0",
        "un mismo programa sobre memoria, en el contenedor frente a en el nivel 0",
    ),
    // Arms of startup.
    (
        "echo at level 0, no container",
        "echo en el nivel 0, sin contenedor",
    ),
    ("docker run at level 0", "docker run en el nivel 0"),
    (
        "the same under another name (A/A)",
        "lo mismo con otro nombre (A/A)",
    ),
    (
        "docker run in Docker in Docker, through docker exec",
        "docker run en Docker en Docker, a través de docker exec",
    ),
    (
        "the same, timed next to the inner client",
        "lo mismo, cronometrado junto al cliente interior",
    ),
    (
        "docker run through a mounted socket, through docker exec",
        "docker run por un socket montado, a través de docker exec",
    ),
    (
        "the same, timed next to the client in the container",
        "lo mismo, cronometrado junto al cliente dentro del contenedor",
    ),
    (
        "docker exec … true: the hop alone",
        "docker exec … true: solo el salto",
    ),
    ("podman run at level 0", "podman run en el nivel 0"),
    (
        "podman run in Podman, through podman exec",
        "podman run en Podman, a través de podman exec",
    ),
    (
        "the same, timed next to the inner Podman",
        "lo mismo, cronometrado junto al Podman interior",
    ),
    (
        "podman exec … true: the hop alone",
        "podman exec … true: solo el salto",
    ),
    (
        "as podman-nested-inside, with namespaces and control group as level 1 has them",
        "como podman-nested-inside, con los espacios de nombres y el grupo de control del nivel 1",
    ),
    (
        "the same with level 1's storage, too: configured as Podman at level 0",
        "lo mismo, también con el almacenamiento del nivel 1: configurado como Podman en el nivel 0",
    ),
    // Arms of cpu.
    (
        "GNU sha256sum of 50 MiB of /dev/urandom, no container",
        "sha256sum de GNU sobre 50 MiB de /dev/urandom, sin contenedor",
    ),
    (
        "busybox sha256sum of the same, by docker exec",
        "sha256sum de busybox sobre lo mismo, con docker exec",
    ),
    (
        "the same by docker exec twice",
        "lo mismo con docker exec dos veces",
    ),
    ("the same by podman exec", "lo mismo con podman exec"),
    (
        "the same by podman exec twice",
        "lo mismo con podman exec dos veces",
    ),
    (
        "the probe's SHA-256 of 50 MiB, by its own clock",
        "el SHA-256 de la sonda sobre 50 MiB, con su propio reloj",
    ),
    ("the same in Docker", "lo mismo en Docker"),
    (
        "the same in Docker in Docker",
        "lo mismo en Docker en Docker",
    ),
    ("the same in Podman", "lo mismo en Podman"),
    (
        "the same in Podman in Podman",
        "lo mismo en Podman en Podman",
    ),
    (
        "as bare, with busybox's programs",
        "como bare, con los programas de busybox",
    ),
    (
        "as bare, with busybox's sha256sum, fed by GNU's head",
        "como bare, con el sha256sum de busybox alimentado por el head de GNU",
    ),
    (
        "as bare, with the probe for sha256sum",
        "como bare, con la sonda en lugar de sha256sum",
    ),
    (
        "as bare, with input out of memory",
        "como bare, con la entrada en memoria",
    ),
    (
        "as bare-busybox, with input out of memory",
        "como bare-busybox, con la entrada en memoria",
    ),
    (
        "as docker, timed in the container: no hop",
        "como docker, cronometrado en el contenedor: sin salto",
    ),
    (
        "as dind, timed in the container: no hop",
        "como dind, cronometrado en el contenedor: sin salto",
    ),
    (
        "as podman, timed in the container: no hop",
        "como podman, cronometrado en el contenedor: sin salto",
    ),
    (
        "as podman-nested, timed in the container: no hop",
        "como podman-nested, cronometrado en el contenedor: sin salto",
    ),
    (
        "as docker-inside, with input out of memory",
        "como docker-inside, con la entrada en memoria",
    ),
    (
        "as dind-inside, with input out of memory",
        "como dind-inside, con la entrada en memoria",
    ),
    (
        "as podman-inside, with input out of memory",
        "como podman-inside, con la entrada en memoria",
    ),
    (
        "as podman-nested-inside, with input out of memory",
        "como podman-nested-inside, con la entrada en memoria",
    ),
];

/// An experiment's words in Spanish, where the table has them.
pub(super) fn spanish(english: &str) -> Option<&'static str> {
    let found = SPANISH.iter().find(|(words, _)| *words == english);
    found.map(|(_, spanish)| *spanish)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_entry_is_found_and_translated() {
        let words: BTreeSet<&str> = SPANISH.iter().map(|(english, _)| *english).collect();
        assert_eq!(words.len(), SPANISH.len(), "no entry hides another");
        for (english, translated) in SPANISH {
            assert_ne!(english, translated);
            assert_eq!(spanish(english), Some(*translated));
        }
        assert_eq!(spanish("something new"), None);
    }
}
