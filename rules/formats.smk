"""formats: the frozen graph, and files of Keras, from one SavedModel; a folder each."""


rule formats:
    input:
        wanted=PLAN.wanted("formats"),
        saved_model=rules.tf.output.saved_model,
        interface=rules.tf.output.interface,
    output:
        folder=directory("results/{model}/{variant}/{format}"),
        facts="results/{model}/{variant}/facts/{format}.json",
    log:
        "logs/{model}/{variant}/formats-{format}.log",
    benchmark:
        "logs/{model}/{variant}/formats-{format}.tsv"
    resources:
        mem_mb=PLAN.memory("formats"),
    params:
        models=PLAN.models,
    message:
        "{wildcards.model}/{wildcards.variant}: write {wildcards.format}"
    shell:
        "python -m converters.job {input.wanted} --reads {input} --makes {output} --"
        " --models {params.models} --saved-model {input.saved_model}"
        " --interface {input.interface} --format {wildcards.format}"
        " --out {output.folder} --facts {output.facts}"
        " > {log} 2>&1"
