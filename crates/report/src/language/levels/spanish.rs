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
    // What was tried once.
    lead_trials: "{date} · Linux {kernel} · {cpu}, {cores} núcleos · {trials} pruebas, sin \
        repeticiones",
    section_trials: "Probado una vez: {table}",
    trials_caption: "{table}: en qué quedó cada cosa",
    trials_note: "Probado una vez cada cosa; resultados y motivos, con las palabras del registro.",
    trial_title: "Qué es una fila",
    trial_meaning: "Las pruebas no se repiten: preguntan si algo funciona y dónde acaba. Un rechazo es un resultado, \
        con las palabras de quien rechaza. Los tiempos de un solo intento dan un orden de magnitud y no \
        llevan intervalo.",
    // Figures.
    levels_title: "Nivel a nivel",
    axis_level: "nivel",
    mark_additive: "el mismo tiempo por nivel",
    mark_multiplicative: "el mismo factor por nivel",
    alt_levels: "{series} series nivel a nivel, un recuadro cada una: todas las muestras, las \
        medianas con sus intervalos y las líneas de ambos modelos hasta el nivel apartado. \
        Las cifras están en la tabla que sigue.",
    caption_levels: "Cada fila tiene un mismo eje, para que sus recuadros se puedan comparar. Ambas \
        líneas se ajustan a los niveles inferiores y acaban donde predicen el último: la \
        continua suma el mismo tiempo, la discontinua el mismo factor.",
};
