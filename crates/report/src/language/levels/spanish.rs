//! What readers of Spanish see of levels and trials.

use super::LevelTexts;

pub(crate) const TEXTS: LevelTexts = LevelTexts {
    // What grows with the level.
    section_growth: "¿Aditivo o multiplicativo?",
    growth_caption: "El último nivel de cada serie, predicho a partir de los anteriores",
    column_series: "serie",
    column_medians: "medianas, nivel a nivel",
    column_observed: "último nivel, observado",
    column_additive: "predicho sumando el mismo tiempo",
    column_multiplicative: "predicho con el mismo factor",
    column_model: "veredicto",
    level_amount: "nivel {level}: {amount}",
    observed_over: "observado / predicho {ratio}",
    both_predictions: "observado / predicho: aditivo {additive}, multiplicativo {multiplicative}",
    model_additive: "aditivo",
    model_multiplicative: "multiplicativo",
    model_both: "no se puede saber: se cumplen ambas predicciones",
    model_neither: "ninguno: fallan ambas predicciones",
    note_both: "se cumplen ambos",
    note_neither: "ninguno se cumple",
    model_none: "faltan bloques para un intervalo",
    growth_rule: "En cada bloque ambos modelos se ajustan a los niveles inferiores y predicen el \
        último, que no se les ha enseñado. Aditivo: cada nivel suma el mismo tiempo. \
        Multiplicativo: cada nivel cuesta el mismo factor. Un modelo se cumple si el \
        intervalo de lo observado entre lo predicho contiene el 1. Cada intervalo tiene por \
        sí solo un 95 % o más; de veinte, uno puede fallar.",
    growth_words: "«Se cumplen ambas» significa que estos datos no distinguen los dos modelos: predicen \
        casi lo mismo cuando un nivel cuesta poco, y el ruido tapa el resto. No significa \
        que nada crezca; lo que suma un nivel está en la tabla. «Fallan ambas» significa que \
        el último nivel cuesta otra cosa que lo que dice cualquiera de los dos modelos: lo \
        que cuesta un nivel cambia con la profundidad.",
    growth_pooled: "Los bloques de las {sessions} sesiones se toman juntos, porque la regla trabaja \
        dentro de cada bloque: estas cifras valen solo para estas sesiones.",
    growth_no_figure: "La figura lleva las series de arranque y de CPU; las de llamadas al sistema solo \
        están en la tabla.",
    step_adds: "un nivel suma {step}",
    // The tutorial's questions.
    define_answered: "Respondido aquí: una pregunta para la que no hay nada publicado y que nuestro \
        intervalo decide. La respuesta está debajo. Sin decidir aquí: no excluye ninguna de \
        las respuestas.",
    section_answers: "Respuestas a las preguntas del tutorial",
    answers_lead: "Lo que esta ejecución dice a las tres preguntas de la parte D del tutorial. Un \
        factor es el último nivel entre el primero; cada intervalo tiene por sí solo un 95 % \
        o más.",
    question_growth: "¿El sobrecoste de arranque es multiplicativo o aditivo?",
    question_cpu: "¿El sobrecoste de CPU se acumula más que el de arranque, y por qué?",
    question_engine: "¿Qué motor tiene menor sobrecoste al anidar, Docker o Podman?",
    answer_growth: "`{series}`, {observer}: {verdict}. Un nivel suma {step} {symbol}. El nivel {last} \
        tarda {observed} {symbol}; sumar una vez más predice {additive} (observado / \
        predicho {additive_ratio}), el mismo factor una vez más predice {multiplicative} \
        ({multiplicative_ratio}).",
    answer_growth_none: "`{series}`, {observer}: esta ejecución no puede decirlo; sus {blocks} bloques no dan \
        para un intervalo.",
    is_additive: "aditivo",
    is_multiplicative: "multiplicativo",
    is_both: "esta ejecución no puede decirlo, porque se cumplen ambas predicciones",
    is_neither: "ninguno de los dos, porque fallan ambas predicciones",
    answer_cpu: "`{cpu}`, {cpu_observer}, crece en un factor de {cpu_factor}; `{startup}`, \
        {startup_observer}, en {startup_factor}. El primero entre el segundo es {ratio}: \
        {verdict}.",
    cpu_less: "la CPU acumula menos",
    cpu_more: "la CPU acumula más",
    both_alike: "ambos acumulan lo mismo, dentro del {margin} %",
    cpu_open: "esta ejecución no puede decir cuál acumula más",
    why_alike: "Por qué: con su propio reloj, el trabajo de `{series}` tarda en el último nivel \
        {factor} veces lo que en el primero, equivalente dentro del {margin} %. Ningún motor \
        interviene en un cálculo que ya está en marcha; lo que crece desde fuera es el \
        camino de entrada, un exec por nivel.",
    why_different: "Por qué: con su propio reloj, el trabajo de `{series}` tarda en el último nivel \
        {factor} veces lo que en el primero. Eso no es 1: algo de la profundidad alcanza a \
        un cálculo que ya está en marcha.",
    why_open: "Por qué: esta ejecución no puede decirlo. Con su propio reloj, el trabajo de \
        `{series}` tarda en el último nivel {factor} veces lo que en el primero; eso no \
        excluye ni que haya diferencia ni que no la haya.",
    ways_in: "Los caminos de entrada por sí solos: {hops}.",
    answer_engine: "`{docker}` frente a `{podman}`, {observer}: Docker crece en un factor de \
        {docker_factor}, Podman en {podman_factor}. El primero entre el segundo es {ratio}: \
        {by_factor}. Del primer nivel al último Docker suma {added} {symbol} más que Podman: \
        {by_time}.",
    factor_docker: "por factor, Docker sale más barato",
    factor_podman: "por factor, Podman sale más barato",
    factor_alike: "por factor, ambos son iguales dentro del {margin} %",
    factor_open: "por factor, esta ejecución no puede decirlo",
    time_docker: "en tiempo, Docker suma menos",
    time_podman: "en tiempo, Podman suma menos",
    time_open: "en tiempo, esta ejecución no puede decirlo",
    engine_note: "La imagen de Podman anidado trabaja dentro menos que Podman en el nivel 1 (sin \
        espacios de nombres ni grupo de control propios). En una cadena llamada `matched` \
        cada Podman se configura como el que lo rodea: esa es la comparación justa.",
    no_arms_for_it: "Esta ejecución no tiene brazos para ello.",
    // What was tried once.
    lead_trials: "{date} · Linux {kernel} · {cpu}, {cores} núcleos · {trials} pruebas, sin \
        repeticiones",
    section_depth: "Hasta qué profundidad",
    depth_caption: "Hasta dónde llegó cada cadena, y qué rechazó el nivel siguiente",
    column_subject: "cadena y almacén",
    column_deepest: "el más profundo que funciona",
    column_refused: "qué rechazó el siguiente",
    column_up: "un nivel, s",
    column_up_ends: "primer y último nivel, s",
    column_thirds: "último tercio / primer tercio",
    column_start_ends: "un arranque, primer y último nivel, s",
    column_memory: "memoria del motor, último nivel, MB",
    refused_at: "en el nivel {level}",
    not_refused: "nada: no se probó un nivel más profundo",
    no_words: "no dio explicación",
    none_works: "ninguno",
    first_and_last: "{first} y {last}",
    depth_note: "Cada nivel se levantó una vez, con la imagen dentro, así que estos tiempos no tienen \
        intervalo. Tercios: la mediana del último tercio de los niveles entre la del \
        primero. Cerca de 1, un nivel cuesta lo mismo por profundo que esté, y el camino \
        entero crece en línea recta. Con menos de seis niveles no hay tercios.",
    section_limits: "Límites del núcleo y de los motores",
    limits_caption: "Lo que resultó estar permitido",
    column_limit: "límite",
    column_from: "de dónde sale",
    section_store: "Lo que cuesta el almacén",
    store_caption: "Cuánto creció en disco el almacén de cada nivel, cuánto tardó y cuánto llegó del \
        registro",
    column_way: "modo y motor",
    store_time: "en {time} s",
    store_size: "{size} MB en disco",
    store_pulled: "{size} MB descargados",
    store_advice: "{engine}: donde menos disco ocupa un nivel más es con «{way}», como mucho {size} MB \
        por nivel una vez que el más externo tiene la imagen, frente a {pull} MB si cada nivel la \
        descarga.",
    store_advice_pulled: " Del registro cruzan para ello {sent} MB en lugar de {pulled} MB.",
    store_note: "Cada cosa se hizo una vez: estas cifras no tienen intervalo. Los MB son millones de \
        bytes.",
    section_trials: "Probado una vez: {table}",
    trials_caption: "{table}: en qué quedó cada cosa",
    trials_note: "Probado una vez cada cosa; resultados y motivos, con las palabras del registro.",
    trial_title: "Qué es una fila",
    trial_meaning: "Las pruebas no se repiten: preguntan si algo funciona y dónde acaba. Un rechazo es un resultado, \
        con las palabras de quien rechaza. Los tiempos de un solo intento dan un orden de magnitud y no \
        llevan intervalo.",
    // Figures.
    levels_title: "Nivel a nivel",
    depth_title: "Nivel bajo nivel",
    axis_level: "nivel",
    axis_up: "segundos para levantar el nivel",
    axis_start: "segundos de un arranque en el nivel",
    mark_additive: "el mismo tiempo por nivel",
    mark_multiplicative: "el mismo factor por nivel",
    mark_level: "un nivel, probado una vez",
    mark_refused: "rechazado, o fallido",
    alt_levels: "{series} series nivel a nivel, un recuadro cada una: todas las muestras, las \
        medianas con sus intervalos y las líneas de ambos modelos hasta el nivel apartado. \
        Las cifras están en la tabla que sigue.",
    caption_levels: "Cada fila tiene un mismo eje, para que sus recuadros se puedan comparar. Ambas \
        líneas se ajustan a los niveles inferiores y acaban donde predicen el último: la \
        continua suma el mismo tiempo, la discontinua el mismo factor.",
    alt_depth: "Tiempo para levantar cada nivel, y de un arranque en él, según el nivel, de \
        {subjects} cadenas. Las cifras del primer y del último nivel están en la tabla que \
        sigue.",
    caption_depth: "Un punto es un nivel, probado una vez. Una cruz es lo que se rechazó o falló, al pie del \
        recuadro.",
};
