//! What readers of Spanish see of sharing a cache.

use super::SharingTexts;

pub(crate) const TEXTS: SharingTexts = SharingTexts {
    // Ways.
    section_sharing: "Compartir una caché entre motores",
    sharing_lead: "{ways} maneras, {cells} celdas de {generations} generaciones de motores: {classes}.",
    sharing_caption: "Qué pasa con cada manera de compartir en cada generación de motores, qué cuesta \
        un trabajo con ella y qué hacer",
    sharing_note: "En cada celda dos trabajos descargaron, construyeron, etiquetaron, confirmaron, \
        limpiaron y borraron imágenes, y un oráculo comparó lo que hay con lo que se les dijo que \
        estaba hecho: antes y después de reiniciar ambos motores, y en los ficheros de los \
        almacenes. La clase es lo peor que encontró, incluida la búsqueda de daños. Los costes son \
        tiempos de un trabajo entero entre los del mismo con un almacén vacío; * está declarado \
        primario.",
    column_way: "manera",
    column_cost: "tiempo, entre el de un almacén vacío",
    column_advice: "consejo",
    class_safe: "segura",
    class_leaks: "deja restos",
    class_stale_view: "vista anticuada",
    class_jobs_fail: "fallan trabajos",
    class_refused: "rechazado",
    class_lost: "pierde datos confirmados",
    class_corrupt: "corrupto",
    class_unfinished: "sin acabar",
    class_not_on_kernel: "no en este núcleo",
    class_not_without_root: "no sin root",
    class_not_made: "no se pudo hacer",
    after: "tras {seconds} s",
    acknowledged: "{done} de {asked} operaciones confirmadas",
    trial_alone: "la prueba sola: {class}",
    by_operations: "daño con {count} operaciones",
    by_operations_at_most: "daño con {count} operaciones como mucho",
    by_seed: "daño con la lista de la semilla {seed}, que no se acortó",
    only_at_once: "daño solo cuando ambos trabajan a la vez",
    no_damage: "sin daño en {count} operaciones",
    no_damage_uncounted: "sin daño",
    search_unfinished: "la búsqueda no acabó",
    define_title: "Qué significan las clases",
    define_safe: "segura: todo lo que un motor dio por hecho está ahí, para quien debe estar.",
    define_leaks: "deja restos: lo mismo, y quedan ficheros a los que ya nadie se refiere.",
    define_stale_view: "vista anticuada: un motor no ve lo que al otro se le dio por hecho.",
    define_jobs_fail: "fallan trabajos: se rechazó una operación que un motor propio habría hecho.",
    define_refused: "rechazado: un motor no arranca. No se pierde nada ni se comparte nada.",
    define_lost: "pierde datos confirmados: falta una imagen que un motor dijo tener.",
    define_corrupt: "corrupto: una imagen está y no es la que era, los ficheros del almacén se \
        contradicen, o un motor no vuelve a arrancar.",
    define_unfinished: "sin acabar: sus filas no tienen final; la ejecución se interrumpió. De ella \
        no se concluye nada.",
    define_no_place: "no en este núcleo, no sin root, no se pudo hacer: no hubo lugar para el \
        almacén, y eso no dice nada de la manera.",
    strangers: "Filas que no nombran ninguna celda y no están en ninguna tabla: {subjects}.",
    // What each way is.
    is_whole: "dos demonios sobre un mismo /var/lib/docker",
    is_whole_own_containerd: "lo mismo, cada uno con su propia carpeta containerd",
    is_whole_read_only: "lo mismo, el segundo demonio solo puede leerlo",
    is_podman_whole: "dos Podman sobre un mismo /var/lib/containers",
    is_podman_whole_and_locks: "lo mismo, y en común las carpetas de los cerrojos de Podman",
    is_image: "la carpeta image en común",
    is_layers: "las capas (overlay2) en común",
    is_image_and_layers: "image y las capas en común",
    is_image_and_layers_read_only: "image y las capas en común, el segundo demonio solo puede leerlas",
    is_snapshots: "las instantáneas de containerd en común",
    is_snapshots_and_content: "las instantáneas y el contenido de containerd en común",
    is_after_stop: "el almacén de un demonio que se detuvo",
    is_after_kill: "el almacén de un demonio que se mató mientras trabajaba",
    is_after_power_cut: "el almacén tal como lo deja un corte de corriente",
    is_copied_live: "una copia hecha mientras un demonio trabajaba en el almacén",
    is_next_generation: "el almacén de otra generación, y vuelta atrás",
    is_pull_through: "un registro cercano que guarda lo que ha traído",
    is_archive: "un archivo de imágenes, que se carga en lugar de descargar",
    is_copy_of_filled: "una copia de un almacén que un motor llenó y dejó",
    is_buildx_cache: "una carpeta para la caché de buildx, que todos los trabajos leen y escriben",
    is_additional_store: "un almacén lleno junto al propio, que solo lee",
    is_buildah_layers: "las capas de Buildah en un mismo almacén",
    // Refusals.
    refusals_title: "Quién rechaza y con qué palabras",
    refusals_caption: "Celdas en las que un motor no arrancó, según lo que se sabe de sus palabras",
    column_refusal: "rechazo",
    column_cells: "celdas",
    column_after: "tras",
    column_cause: "causa",
    column_remedy: "qué ayuda",
    column_words: "con sus palabras",
    refusal_unknown: "no se conoce",
    no_refusals: "Todos los motores arrancaron.",
    // The search.
    search_title: "El camino más corto al daño",
    search_caption: "Listas de operaciones por turnos: la más corta que hace daño, de la que no se \
        puede quitar ninguna, o cuánto se probó sin que lo hubiera",
    search_note: "`a` y `b` son los dos trabajos. Una lista se repite con `cache-sharing --replay \
        FILE`; una ejecución guarda cada una en su carpeta `cases`.",
    column_cell: "celda",
    in_generations: "con {generations}",
    column_does: "hallado",
    column_operations: "operaciones",
    no_search: "No se buscó nada: todas las maneras fueron rechazadas, o se le dijo a la ejecución que no.",
    found_title: "Qué encontró el oráculo en cada celda",
    found_caption: "Lo peor que se encontró en cada prueba en la que hay algo",
    column_found: "hallazgo",
    found_more: "y {count} más",
    // Costs.
    costs_title: "Qué cuesta cada manera",
    costs_caption: "{generation}: un trabajo desde el arranque de su motor hasta el final de su \
        contenedor, y lo que mueve y deja",
    costs_note: "Los cocientes son medianas de los cocientes dentro de cada bloque, con el intervalo \
        que decide; * está declarado primario, los demás son exploratorios y de veinte de sus \
        intervalos uno puede fallar. Los bytes se vieron en un trabajo. El trabajo en frío de buildx \
        es uno con buildx y un almacén vacío.",
    no_generation: "motores",
    column_arm: "trabajo",
    column_job: "mediana",
    column_to_cold: "entre un almacén vacío",
    column_to_warm: "entre uno propio ya lleno",
    column_network: "hacia el contenedor",
    column_upstream: "desde el registro",
    column_disk: "en su almacén",
    column_shared: "en lo que comparte",
    column_at_once: "dos trabajos a la vez",
    job_failed: "el trabajo falla",
    own_store: "no comparte nada",
    at_once_all: "segura según el oráculo: {generations}",
    at_once_some: "no segura: {cells}",
    // Advice.
    stand_take: "Segura en {generations}. {line}",
    stand_slow: "Segura en {generations}, y más lenta que un almacén vacío: no hay nada que ganar.",
    stand_unpromised: "No se vio daño en {generations}, y nadie promete que no lo haya: no construya sobre \
        ella. {line}",
    stand_avoid: "No cuente con ella: no se sostiene en {generations}. {line}",
    stand_never: "Nunca: daña datos en {generations}. {line}",
    stand_open: "Sin consejo: en {generations} no se probó nada hasta el final.",
    leaks_in: " Quedan ficheros abandonados en {generations}.",
    not_known: "Sin consejo: no se conoce esta manera.",
    cheapest: "De las maneras seguras en todas las generaciones que las tienen, las más baratas son: \
        {ways}.",
    cheapest_of: "{engine}, `{way}` ({cost} veces el tiempo con un almacén vacío)",
    cheapest_none: "Ninguna manera fue segura en todas las generaciones y más rápida que un almacén \
        vacío.",
    instead_store: "Dé a cada motor un almacén propio.",
    instead_parts: "No comparta ninguna carpeta de un almacén: dé a cada motor uno entero propio.",
    instead_in_turn: "Arranque el motor siguiente con un almacén vacío.",
    instead_meant: "Haga que cada trabajo empiece con un almacén vacío.",
    take_whole: "Dé a cada motor un almacén propio.",
    take_whole_read_only: "El segundo motor puede usar lo que hay, y no guardar nada.",
    take_podman_whole: "Monte /var/lib/containers entero, y nada menos.",
    take_podman_whole_and_locks: "Monte el almacén junto con las carpetas de los cerrojos.",
    take_parts: "Fije la versión de los motores, o dé a cada uno un almacén entero propio.",
    take_after_stop: "Detenga el motor y espere a que acabe antes de arrancar el siguiente.",
    take_after_kill: "Lo confirmado sobrevive; lo que estaba en marcha hay que repetirlo.",
    take_copied_live: "Detenga el motor antes de copiar.",
    take_next_generation: "Guarde una copia para la vuelta.",
    take_pull_through: "Nómbrelo como espejo en cada motor; lo construido se queda en su trabajo.",
    take_archive: "Que un trabajo escriba el archivo y los demás solo lo carguen.",
    take_copy_of_filled: "Llene un almacén una vez, detenga su motor y dé a cada trabajo una copia que \
        comparta bloques (`cp --reflink`).",
    take_buildx_cache: "Nombre la carpeta en `--cache-from` y `--cache-to`; necesita el almacén de \
        imágenes de containerd.",
    take_additional_store: "Llénelo una vez y nómbrelo en `additionalimagestores`, montado solo para \
        leer.",
    take_buildah_layers: "Construya con `--layers` en un almacén para todos los trabajos.",
    // The figure.
    sharing_title: "Compartir una caché entre motores",
    short_safe: "segura",
    short_leaks: "deja restos",
    short_stale_view: "no lo ve",
    short_jobs_fail: "falla",
    short_refused: "rechazado",
    short_lost: "pierde datos",
    short_corrupt: "corrupto",
    short_unfinished: "sin acabar",
    short_no_place: "sin lugar",
    mark_safe: "está todo lo confirmado",
    mark_leaks: "segura, quedan ficheros",
    mark_stale_view: "uno no ve lo que hizo el otro",
    mark_jobs_fail: "se rechazan operaciones",
    mark_refused: "un motor no arranca",
    mark_lost: "falta una imagen confirmada",
    mark_corrupt: "imágenes o almacenes dañados",
    mark_unfinished: "interrumpida",
    mark_no_place: "no se pudo tener aquí",
    mark_ratio: "×1,00: tiempo de un trabajo entre el del mismo con un almacén vacío",
    mark_operations: "3 oper.: bastan tantas operaciones",
    tile_operations: "{count} oper.",
    tile_at_most: "≤ {count} oper.",
    alt_sharing: "Una cuadrícula de {ways} maneras de compartir por generaciones de motores, {shared} \
        celdas, cada una con el signo y la palabra de su clase. Las mismas celdas están en la tabla \
        que sigue.",
    caption_sharing: "Un signo, una palabra y un relleno por clase. A la derecha, donde se midió, el \
        tiempo de un trabajo entre el de un almacén vacío; donde se conoce el daño por una lista, \
        cuántas operaciones bastan.",
};
