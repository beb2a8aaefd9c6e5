//! What readers of Spanish see of storage drivers.

use super::MatrixTexts;

pub(super) const TEXTS: MatrixTexts = MatrixTexts {
    // The matrix.
    section_matrix: "Controladores de almacenamiento y lo que hay debajo",
    matrix_lead: "{cells} celdas de {generations} generaciones de motores: {classes}.",
    matrix_caption: "{generation}, {engine}: qué pasa con cada controlador (fila) en cada lugar \
        (columna)",
    matrix_note: "Cada celda se probó una vez, paso a paso, hasta el primer fallo: el demonio \
        arranca, dice qué controlador ha elegido, se desempaqueta una imagen, corre un \
        contenedor, se construyen 30 capas, se reinicia, se mira lo que pide POSIX, se mide el \
        tamaño en disco. La clase se deriva de esas filas.",
    column_driver: "controlador",
    place_volume: "un volumen",
    place_layer: "la capa del contenedor",
    no_generation: "motores",
    class_works: "funciona",
    class_deviates: "se desvía",
    class_falls_back: "recurre a otro",
    class_another: "otro controlador",
    class_late: "falla tarde",
    class_refused: "rechazado",
    class_unfinished: "sin acabar",
    class_not_on_kernel: "no en este núcleo",
    class_not_without_root: "no sin root",
    class_not_made: "no se pudo hacer",
    chosen: "toma `{driver}`",
    step_failed: "en `{step}`",
    step_last: "después de `{step}`",
    tried_otherwise: "un intento anterior: {class}",
    define_title: "Qué significan las clases",
    define_works: "funciona: todos los pasos salieron bien con el controlador pedido, o con el que \
        el motor prefiere.",
    define_deviates: "se desvía: lo mismo, pero el sistema de ficheros resultante no hace todo lo \
        que pide POSIX; lo que hace está en la lista de abajo.",
    define_falls_back: "recurre a otro: el motor, sin que se le pida nada, tomó un controlador que \
        no es overlay. Funciona, y cuesta lo que cuesta ese controlador.",
    define_another: "otro controlador: se pidió uno por su nombre y el motor tomó otro.",
    define_late: "falla tarde: el demonio arranca y falla un paso posterior. Que conteste no \
        demuestra nada.",
    define_refused: "rechazado: el demonio no arranca.",
    define_unfinished: "sin acabar: sus filas terminan sin un fallo; la ejecución se interrumpió. \
        De ella no se concluye nada.",
    define_no_place: "no en este núcleo, no sin root, no se pudo hacer: no se pudo tener el lugar, \
        y eso no dice nada del controlador.",
    strangers: "Filas de la matriz que no nombran ninguna celda y no están en ninguna tabla: \
        {subjects}.",
    // Failures.
    failures_title: "Qué falla y por qué",
    failures_caption: "Celdas que fallan o recurren a otro controlador, según lo que se sabe de \
        sus mensajes",
    column_failure: "fallo",
    column_cells: "celdas",
    column_cause: "causa",
    column_remedy: "qué ayuda",
    column_words: "con sus palabras",
    failure_unknown: "no se conoce",
    no_failures: "Ninguna celda falla.",
    cells_of: "{count} celdas",
    cells_of_one: "1 celda",
    failures_note: "Un fallo se reconoce por palabras exactas, las de la tabla de \
        `crates/fingerprints`; de las que no están en ella no se concluye nada.",
    // Deviations.
    posix_title: "Qué se desvía de POSIX",
    posix_caption: "Comprobaciones dentro de un contenedor de la celda, y lo visto en lugar de lo \
        que pide POSIX",
    column_check: "comprobación",
    column_seen: "visto",
    no_deviations: "Ninguna celda se desvía.",
    // Costs.
    costs_title: "Qué cuesta cada celda",
    costs_caption: "{generation}: cocientes respecto a `overlay2` en un volumen (Podman: `overlay` \
        en un volumen), con sus intervalos",
    column_cell: "celda",
    column_start: "arranque",
    column_unpack: "desempaquetar",
    column_write: "escribir",
    column_files: "ficheros pequeños",
    reference: "la referencia: medianas",
    column_disk: "disco, una vez",
    costs_note: "Los tiempos son medianas de los cocientes dentro de cada bloque; * está declarado \
        primario, los demás son exploratorios y de veinte de sus intervalos uno puede fallar. El \
        disco es lo que ocupan 30 capas en el almacén, visto una vez. Una celda sin cifras no se \
        midió.",
    disk_title: "Disco de 30 capas en todas las generaciones",
    disk_caption: "{generation}, {engine}: tamaño en disco entre el de la referencia",
    // vfs and fuse-overlayfs.
    duel_title: "¿Es vfs siempre el más lento?",
    duel_yes: "Aquí no gana a fuse-overlayfs en ninguna métrica: vfs es más lento en {vfs} de \
        {metrics} ({vfs_list}).",
    duel_no: "No. De los dos, vfs es más lento en {vfs} de {metrics} métricas ({vfs_list}); en \
        {fuse_list} lo es fuse-overlayfs.",
    duel_open: "Esta ejecución no puede decirlo: ningún intervalo de {metrics} métricas queda a un \
        lado del 1.",
    duel_none: "nada",
    duel_ratio: "{metric}: vfs entre fuse-overlayfs {ratio}",
    duel_slowest: "; por su estimación, el más lento de {drivers} controladores en un volumen es \
        `{driver}`",
    // Advice.
    advice_title: "Consejos",
    advice_layer: "Montaje: no se gana nada con uno. En la capa del propio contenedor encajan \
        {fits} de {tried} celdas, y en ningún montaje una proporción mayor.",
    advice_mount: "Montaje: ponga el almacén en {place}. Allí encajan {fits} de {tried} celdas.",
    advice_against_layer: " En la capa del propio contenedor, {fits} de {tried}.",
    advice_worst: " De lo que puede haber bajo un volumen, `{place}` es lo que menos admite: \
        {fits} de {tried}.",
    advice_pin: "{engine}, en {place}: `{driver}` ({details})",
    advice_pin_fits: "{fits} de {tried} generaciones",
    advice_pin_cost: "{cost} veces el tiempo de la referencia",
    advice_pin_no_cost: "coste sin medir",
    advice_pin_disk: "{disk} veces su disco",
    advice_pin_equals: "el más barato de {count} que encajan en tantas",
    advice_pin_none: "{engine}, en {place}: ninguno de los controladores con nombre encaja en \
        ninguna de {tried} generaciones",
    advice_pins_cost: "Controlador que fijar; los tiempos son medias geométricas de lo medido: \
        {pins}.",
    advice_pins: "Controlador que fijar: {pins}.",
    advice_first_unasked: "Mire primero: `{fingerprint}`, por lo que fallan o recurren a otro {unasked} \
        celdas cuyo controlador se dejó al motor; fallan {failing} celdas",
    advice_first_known: "Mire primero: `{fingerprint}`, por lo que fallan más controladores \
        ({drivers}), en {known} de {failing} celdas que fallan",
    advice_first_unknown: "Mire primero: de las palabras de las {failing} celdas que fallan no se \
        conoce nada",
    advice_first_place: "; {count} de todas están en {place}",
    advice_first_late: "; en {late} el demonio estaba en pie antes de que algo fallara, así que \
        mire si un contenedor corre y no si el demonio contesta",
    advice_first_none: "Mire primero: aquí no falló nada.",
    // The figure.
    matrix_title: "Controladores de almacenamiento y lo que hay debajo",
    matrix_panel: "Motores de {generation}",
    short_works: "funciona",
    short_deviates: "se desvía",
    short_falls_back: "recurre a",
    short_another: "toma otro",
    short_late: "falla tarde",
    short_refused: "rechazado",
    short_unfinished: "sin acabar",
    short_no_place: "sin lugar",
    letter_works: "F",
    letter_deviates: "D",
    letter_falls_back: "R",
    letter_another: "O",
    letter_late: "T",
    letter_refused: "X",
    letter_unfinished: "S",
    mark_works: "todos los pasos",
    mark_deviates: "funciona, no todo POSIX",
    mark_falls_back: "funciona, con uno que no es overlay",
    mark_another: "se pidió uno, tomó otro",
    mark_late: "el demonio arranca, falla el paso",
    mark_refused: "el demonio no arranca",
    mark_unfinished: "interrumpida",
    mark_no_place: "no se pudo tener aquí",
    mark_ratio: "×1,00: {metric} frente a {reference} en un volumen",
    alt_matrix: "Una cuadrícula de controladores por lugares de {generations} generaciones de \
        motores, {cells} celdas, cada una con la palabra de su clase. Las mismas celdas están en \
        las tablas que siguen.",
    caption_matrix: "Una palabra y un relleno por clase. Debajo de la palabra: el controlador \
        tomado o el paso que falló; a la derecha, donde se midió, el cociente.",
};
