//! What readers of Spanish see.

use super::Texts;

pub(super) const TEXTS: Texts = Texts {
    // Titles and sections.
    title: "Experimento `{experiment}`",
    title_exp4: "Experimento 4: lo que cuesta anidar un contenedor",
    lead: "{date} · Linux {kernel} · {cpu}, {cores} núcleos · {sessions} sesiones de {blocks} \
        bloques",
    lead_one: "{date} · Linux {kernel} · {cpu}, {cores} núcleos · una sesión de {blocks} bloques",
    contents: "Índice",
    section_claims: "Lo que se afirmaba y lo que se ha encontrado aquí",
    section_ratios: "Los cocientes",
    section_samples: "Todas las muestras",
    section_parts: "De dónde sale cada porcentaje",
    section_order: "Orden, control y sensibilidad",
    section_method: "Cómo se ha medido",
    // What a reader must know first.
    not_complete: "Aviso: la ejecución de {experiment} quedó en estado «{status}»: {reason}",
    was_killed: "no terminó, o algo la mató",
    no_revision: "No se sabe de qué código fuente salió {experiment}: se compiló sin git y solo consta \
        su versión, {version}.",
    dirty: "El árbol de fuentes de {experiment} tenía cambios sin confirmar: su revisión no \
        basta para volver a obtener el mismo programa.",
    // The table of claims.
    claims_caption: "Las afirmaciones publicadas frente a esta ejecución",
    no_claims: "Ninguna de las afirmaciones publicadas del registro trata de lo que mide esta \
        ejecución.",
    scope_sentence: "Todo lo que sigue vale {scope}.",
    scope_boot: "solo para este arranque de la máquina: hay una única sesión",
    scope_sessions: "solo para estas {count} sesiones: con menos de seis no existe un intervalo entre \
        sesiones",
    scope_machine: "para esta máquina, hasta donde alcanzan {count} sesiones",
    column_claim: "afirmación",
    column_statement: "qué dice",
    column_published: "publicado",
    column_ours: "nuestro",
    column_verdict: "veredicto",
    published_range_n: "rango de {range}, n = {n}",
    sessions_coverage: "{n} sesiones ({pairs} bloques), cobertura {coverage}",
    n_coverage: "n = {n}, cobertura {coverage}",
    interval_n: "{interval} (n = {n})",
    no_interval_n: "no existe intervalo; n = {n}",
    no_reading: "sin lecturas",
    primary_short: "principal",
    exploratory_short: "exploratorio",
    // Verdicts.
    here_consistent: "compatible con lo medido",
    here_not_reproduced: "no se reproduce aquí",
    here_inconclusive: "sin decidir aquí",
    here_not_measured: "no medido aquí",
    here_answered: "respondido aquí",
    source_sign: "la fuente da para el signo, no para un porcentaje",
    source_cannot: "la fuente no permite resolverlo",
    source_no_number: "sin cifra publicada",
    verdict_different: "diferente",
    verdict_both: "diferente, aunque equivalente dentro del {margin} %",
    verdict_equivalent: "equivalente dentro del {margin} %",
    verdict_inconclusive: "no concluyente",
    verdict_no_interval: "no concluyente: faltan bloques para un intervalo",
    verdict_no_reading: "ningún bloque con ambas lecturas",
    verdict_by_itself: "{verdict} (por sí solo)",
    verdicts_title: "Qué significan los veredictos",
    define_consistent: "Compatible con lo medido: nuestro intervalo se solapa con el rango publicado. Un \
        solapamiento prueba poco; por eso nuestro intervalo tiene que excluir además el 1.",
    define_not_reproduced: "No se reproduce aquí: nuestro intervalo y el rango publicado no comparten ningún \
        valor. Habla de esta máquina y de estas versiones, no de las publicadas.",
    define_inconclusive_here: "Sin decidir aquí: nuestro intervalo no excluye ni la afirmación ni que no haya \
        efecto.",
    define_direction: "Afirmaciones sin cifra: un «más» o un «menos» exige que el intervalo quede a ese \
        lado del 1; un «nada» exige equivalencia dentro del margen, y para eso no basta con \
        no ver diferencia. Un orden compara dos cocientes dentro de cada bloque.",
    define_source: "La propia fuente: con n = 4 no existe un intervalo del 95 % (del menor al mayor de \
        cuatro valores se cubre la mediana con un 87,5 %). Si los rangos de sus dos brazos \
        no se tocan, la fuente da para un signo; si se solapan, no permite resolverlo.",
    define_range: "El rango publicado de un cociente va de la menor repetición del numerador entre la \
        mayor del denominador a la mayor entre la menor. Es un rango, no un intervalo: no \
        tiene cobertura.",
    // Ratios.
    ratios_caption: "Cocientes de dos brazos, tomados dentro de cada bloque",
    no_ratios: "En esta ejecución no hay dos brazos que se comparen entre sí.",
    column_ratio: "cociente",
    column_estimate: "estimación",
    column_interval: "intervalo",
    column_coverage: "cobertura",
    column_blocks: "bloques",
    column_of_medians: "cociente de medianas (bootstrap 95 %)",
    column_holm: "p (Holm)",
    primary: "Principales: declarados de antemano, intervalos simultáneos",
    primary_each: "Principales: declarados de antemano, cada intervalo por separado",
    exploratory: "Exploratorios: cada intervalo por separado",
    none_exists: "no existe",
    no_interval_short: "sin intervalo",
    in_sessions: "en {count} sesiones",
    equivalence_interval: "por su intervalo del {coverage}, de {interval}",
    range: "{low} a {high}",
    ratios_folded: "Los otros {count} cocientes, que son exploratorios",
    ratios_note: "La estimación es la mediana de los cocientes dentro de cada bloque. Decide el \
        intervalo: diferente si no contiene el 1; equivalente si el más estrecho (la barra \
        gruesa de la figura) queda a menos de un {margin} % del 1. No ver una diferencia no \
        quiere decir que no la haya. El cociente de medianas, con su bootstrap por bloques \
        enteros, figura solo como comparación.",
    sessions_caption: "Los cocientes principales, sesión a sesión",
    column_by_session: "cada sesión",
    column_across: "entre sesiones",
    column_pooled: "todos los bloques juntos (solo estas sesiones)",
    // Samples.
    arms_caption: "Medianas de las muestras medidas",
    arms_note: "Publicado: la mediana y el rango de cuatro repeticiones, que no dan para un \
        intervalo del 95 %. La deriva desplaza las medianas de los brazos; a los cocientes \
        de arriba no les afecta.",
    arms_folded: "Los otros {count} brazos, de los que solo se hacen cocientes exploratorios",
    arms_about: "Qué es cada brazo",
    arms_about_caption: "Los brazos, con las palabras del propio experimento",
    column_arm: "brazo",
    column_median: "mediana",
    column_failed: "fallidas",
    column_about: "qué es",
    level_observer: "nivel {level}, {observer}",
    // Parts.
    parts_caption: "Proporciones de la lectura del denominador, en el mismo bloque",
    no_parts: "Ningún cociente de esta ejecución se descompone.",
    parts_note: "En cada bloque las partes suman el total; sus medianas no tienen por qué, y el resto \
        dice en cuánto se quedan. Una parte puede ser negativa: lo que representa abarató el \
        nivel 2. Cada intervalo tiene por sí solo un 95 % o más.",
    column_due: "se debe a",
    column_share: "parte",
    whole: "el total",
    whole_about: "lo que el cociente pasa de 1",
    remainder: "resto",
    remainder_about: "las medianas no se suman",
    // Order, control, sensitivity.
    control_title: "Lo mismo con dos nombres (A/A)",
    no_control: "Esta ejecución no lleva control A/A: nada demuestra que sus diferencias no sean del \
        propio banco de pruebas.",
    control_holds: "`{contrast}` ({metric}): {estimate}, intervalo de {interval}. Contiene el 1, como \
        debe.",
    control_fails: "`{contrast}` ({metric}): {estimate}, intervalo de {interval}. No contiene el 1, cosa \
        que le pasa a un control de cada veinte: no hay que creerse de esta ejecución \
        ninguna diferencia que no sea mayor.",
    control_no_interval: "`{contrast}` ({metric}): {estimate}; faltan bloques para un intervalo ({interval}).",
    control_sessions: "`{contrast}`: el intervalo de {holding} de las {sessions} sesiones contiene el 1",
    column_holds_one: "contiene el 1",
    sensitivity_title: "Bloques perturbados",
    flag_rules: "La lentitud de un bloque es la mediana, entre los brazos, de cada lectura dividida \
        por la mediana de su brazo en esa sesión. Se marcan: las ráfagas (B), más lentas que \
        el bloque mediano en {deviations} desviaciones típicas robustas (ambas según la \
        mitad más rápida de los bloques) y que la mediana de esa mitad en un {share} como \
        mínimo; el tiempo robado (S), cuando el hipervisor se llevó más del {steal} del \
        tiempo de procesador que hacía falta; los frenos (T), cuando se frenó al grupo de \
        control o a un procesador caliente; el reloj (C), cuando la hora se movió más de \
        {step} ms respecto del reloj monótono; la carga (L), cuando la parte ocupada del \
        tiempo de procesador superó en {load} puntos porcentuales o más el cuartil inferior \
        de los bloques medidos (un bloque de menos de {ticks} tics de 10 ms es demasiado \
        corto para saberlo). Fuera de este apartado no se descarta nada de \
        ninguna cifra.",
    none_flagged: "No hay ningún bloque marcado.",
    flagged_caption: "Bloques marcados",
    column_block: "bloque",
    column_slowness: "lentitud",
    column_flags: "por qué",
    block_measured: "{experiment}, sesión {session}, bloque {block}",
    block_warmup: "{experiment}, sesión {session}, bloque {block} (calentamiento)",
    flag_burst: "ráfaga",
    flag_steal: "tiempo robado",
    flag_throttled: "freno",
    flag_clock: "reloj",
    flag_load: "carga",
    without_caption: "Con todos los bloques y sin los marcados",
    column_all_blocks: "todos los bloques",
    column_without: "sin los marcados",
    without_note: "Qué bloques se quitan se decidió después de verlos: la columna derecha enseña cuánto \
        depende de ellos, y sus intervalos solo tienen la cobertura de nombre.",
    // How it was measured.
    estimand_title: "Qué se estima",
    estimand: "De un brazo, la mediana de sus lecturas. De un contraste, la mediana de los \
        cocientes de sus dos brazos dentro de cada bloque; cada bloque toma todos los brazos \
        una vez, en un orden aleatorio propio, de modo que la deriva recae por igual sobre \
        ambos. Las lecturas de muchas operaciones se dan por operación. Los intervalos salen \
        de invertir la prueba de los signos y no suponen ninguna forma de distribución; su \
        cobertura es exacta y se imprime. Entre sesiones, cada sesión cuenta una vez.",
    exclusions_title: "Qué se deja fuera",
    exclusions: "{warmups} muestras de bloques de calentamiento se conservan en el fichero y no \
        entran en ninguna cifra. {failed} muestras medidas fallaron; son filas con su \
        motivo, y ninguna se repitió. No se descarta ningún valor atípico.",
    failures_caption: "Muestras fallidas",
    column_measured: "medidas",
    column_warmup: "calentamiento",
    column_reason: "motivo",
    stopping_title: "Cuándo se paró",
    stopping: "{experiment}: {sessions} × {blocks} bloques medidos previstos, tras {warmups} de \
        calentamiento en cada sesión; {rule}. Tomados: {taken}.",
    rule_fixed: "un número fijado de antemano",
    rule_adaptive: "como mucho: parada adaptativa (precisión {precision}, presupuesto {budget}), con \
        intervalos que valen en todo momento a la vez",
    taken_each: "{blocks} en cada sesión ({why})",
    taken_one: "{blocks} ({why})",
    stopped_planned: "los previstos",
    stopped_precise: "precisión alcanzada",
    stopped_budget: "presupuesto agotado",
    stopped_no_reading: "abandonada: un cociente sin lecturas",
    stopped_not: "no acabó por sí sola",
    family_title: "La familia",
    family: "{experiment}: cocientes principales, {primary}, que se reparten el 5 %; \
        exploratorios, {exploratory}, con un 5 % cada uno. Todos los intervalos principales \
        valen a la vez con un {joint} o más.",
    family_each: "{experiment}: cocientes principales, {primary}; exploratorios, {exploratory}. Con tan \
        pocas sesiones no existe intervalo para la parte del 5 % que toca a cada cociente \
        principal: harían falta {needed}. Cada intervalo es del 5 % por sí solo, y cada \
        veredicto también; todos los intervalos principales valen a la vez con un {joint} o \
        más.",
    family_note: "{experiments}: los intervalos que se imprimen de los cocientes principales son los \
        simultáneos, y son los que deciden. Los valores p de Holm (prueba de los signos) no deciden nada: \
        si Holm rechazara mientras el intervalo contiene el 1, el veredicto sigue al \
        intervalo, para que ninguno contradiga lo que tiene al lado. Todo lo que aquí se \
        llama diferente tiene un p de Holm del 5 % como mucho.",
    family_note_each: "Un veredicto principal «(por sí solo)» se equivoca con una probabilidad del 5 % como \
        mucho; que se equivoque alguno de varios puede ser más probable. El valor p de Holm cuenta \
        todos los cocientes principales y puede pasar del 5 % donde uno se llama diferente \
        por sí solo.",
    family_verdicts: "«Diferente» y «equivalente dentro del {margin} %» son dos pruebas con la misma parte \
        del 5 %. Sea cual sea el cociente verdadero, como mucho una de las dos es falsa, así \
        que no hace falta repartir más. De un mismo cociente pueden decirse ambas: no es 1, \
        y se aparta de 1 menos de un {margin} %.",
    environment_title: "La máquina y sus motores",
    machine_caption: "La máquina ({sessions})",
    engines_caption: "Sus motores, nivel a nivel ({sessions})",
    column_fact: "qué",
    column_value: "valor",
    column_nest: "anidamiento",
    column_level: "nivel",
    column_engine: "motor",
    column_version: "versión",
    column_socket: "socket del exterior",
    column_privileged: "privilegiado",
    column_storage: "almacenamiento",
    column_runtime: "runtime OCI",
    column_cgroup_driver: "controlador de cgroups",
    fact_kernel: "núcleo",
    fact_cpu: "procesador",
    fact_cores: "núcleos de procesador",
    fact_memory: "memoria",
    fact_hypervisor: "máquina virtual",
    fact_vendor: "su fabricante",
    fact_clock: "fuente del reloj",
    fact_governor: "gobernador de frecuencia",
    fact_turbo: "frecuencias turbo",
    fact_thp: "páginas enormes transparentes",
    fact_cgroups: "grupos de control",
    fact_cmdline: "línea de órdenes del núcleo",
    fact_mitigations: "mitigaciones",
    fact_sandbox: "aislamiento (sandbox)",
    fact_packages: "paquetes",
    packages: "{count} de {suite}, lote `{bundle}`, {pinned}",
    pinned: "los fijados",
    not_pinned: "no los fijados",
    not_readable: "no se puede leer aquí",
    yes: "sí",
    no: "no",
    setup_caption: "Con qué se tomaron las cifras publicadas",
    setup_docker: "Docker",
    setup_podman: "Podman",
    setup_podman_mode: "modo de Podman",
    setup_podman_runtime: "runtime de Podman",
    setup_repetitions: "repeticiones por brazo",
    blocks_title: "Qué hacía la máquina mientras tanto",
    blocks_caption: "Bloques medidos: mediana con el menor y el mayor, o suma",
    column_session: "sesión",
    column_load: "carga (1 min)",
    column_psi: "presión de CPU, %",
    column_steal: "tiempo robado, %",
    column_cgroup_throttles: "frenos del grupo",
    column_thermal_throttles: "frenos térmicos",
    column_clock_step: "mayor salto de reloj, ms",
    run_session: "{experiment}, sesión {session}",
    run_sessions: "{experiment}, sesiones {sessions}",
    limits_title: "Límites",
    limit_one_boot: "Una sola sesión: otro arranque de la misma máquina puede dar otras cifras, y esta \
        ejecución no puede decir cuán distintas.",
    limit_stand_ins: "Las imágenes son sustitutas hechas con paquetes de la distribución bajo los nombres \
        publicados: {names}. Los tiempos de las imágenes originales pueden ser otros.",
    limit_no_stand_ins: "No se usaron imágenes sustitutas.",
    limit_not_whole: "La ejecución está incompleta. El punto en que acabó puede tener que ver con lo que \
        medía.",
    limit_medians: "El orden aleatorio protege los cocientes, no las medianas: la carga de la máquina sí \
        las mueve.",
    limit_absence: "Un intervalo que contiene el 1 dice que con este n no se vio diferencia, nunca que \
        no la haya.",
    limit_machine: "Una máquina, un núcleo, un juego de versiones. Nada de esto habla de otras.",
    limit_published: "Las mediciones publicadas se hicieron con otra máquina y otras versiones, en un solo \
        orden y con cuatro repeticiones. Que un cociente no se reproduzca aquí no lo hace \
        falso allí.",
    rebuild_title: "Cómo se hace esta página",
    taken: "{experiment}: `{command}`, de {started} a {ended}; semilla {seed}; versión {version} \
        de las fuentes, revisión {revision}; esquema {schema}, método {method}; el {inside} \
        del bucle de medida transcurrió dentro de las muestras.",
    rebuild: "Todas las tablas y figuras salen de los ficheros en bruto de esta carpeta, que nunca \
        se editan, y se rehacen idénticas, byte a byte, con:",
    rebuild_command: "cargo xtask report <esta carpeta> --lang es",
    // Figures.
    figure_title: "Experimento {experiment}: todas las muestras",
    panel_startup: "Arranque: crear un contenedor que escribe ok",
    panel_cpu: "CPU: SHA-256 de 50 MB en un contenedor en marcha",
    n_each: "n = {n} en cada uno",
    n_from_to: "n = {least} a {most} en cada uno",
    images_stand_ins: "imágenes sustitutas de paquetes de la distribución",
    images_real: "sin imágenes sustitutas",
    not_from_zero: "{axis} (el eje no empieza en 0)",
    no_sample: "sin muestras ({count} fallidas)",
    not_measured: "no medido",
    mark_sample: "una muestra",
    mark_median: "mediana con su intervalo (95 % o más)",
    published_row: "publicado",
    mark_published: "mediana publicada con el rango de sus 4 repeticiones",
    mark_published_ratio: "publicado, con el rango que abarcan sus repeticiones",
    mark_ratio: "nuestro: la fina decide «diferente», la gruesa «equivalente»",
    mark_band: "a menos de un {margin} % del 1",
    mark_whole: "el total",
    mark_more: "suma",
    mark_less: "resta",
    mark_speck: "una muestra",
    mark_warmup: "una muestra de calentamiento",
    mark_slowness: "la lentitud del bloque",
    mark_flagged: "marcado: B ráfaga, S robado, T freno, C reloj, L carga",
    forest_title: "Cocientes dentro de cada bloque",
    forest_axis: "cociente (1: sin diferencia; pasos iguales, factores iguales)",
    parts_title: "De dónde sale cada porcentaje",
    parts_axis: "proporción de la lectura del denominador",
    order_title: "En el orden en que se tomaron",
    order_axis: "lectura / mediana de su brazo",
    order_blocks: "bloque",
    session_number: "sesión {number}",
    alt_samples: "Todas las muestras de {arms} brazos como puntos, con cada mediana y su intervalo. \
        Las cifras están en la tabla que sigue.",
    alt_forest: "{ratios} cocientes con sus intervalos sobre un mismo eje en torno a 1; {different} \
        de ellos son diferentes de 1. Las cifras están en la tabla que sigue.",
    alt_parts: "{breakdowns} cocientes descompuestos en barras que se apilan hasta el total. Las \
        cifras están en la tabla que sigue.",
    alt_order: "Todas las lecturas respecto de la mediana de su brazo a lo largo de {blocks} \
        bloques, en el orden en que se tomaron; {flagged} bloques están marcados.",
    caption_samples: "Los puntos son muestras, sin omitir ninguna; la barra es la mediana y el bigote su \
        intervalo. Un rombo hueco es una mediana publicada con el rango de sus cuatro \
        repeticiones.",
    caption_forest: "La línea es el 1 y la franja el margen de equivalencia. Los rombos huecos son \
        cocientes publicados con el rango que abarcan cuatro repeticiones, que no es un \
        intervalo.",
    caption_parts: "Cada barra empieza donde acaba la anterior. Las rayadas van hacia atrás. Los bigotes \
        son intervalos de la parte en cuyo extremo están.",
    caption_order: "1 es la mediana del brazo en su sesión. Las barras cortas son la lentitud de cada \
        bloque; los bloques sombreados están marcados.",
};
