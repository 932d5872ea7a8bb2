"""tf: OpenVINO IR (channels first) to a TensorFlow SavedModel (channels last)."""


rule tf:
    input:
        wanted=PLAN.wanted("tf"),
        xml=rules.mo.output.xml,
        weights=rules.mo.output.weights,
    output:
        saved_model=directory("results/{model}/{variant}/saved_model"),
        interface="results/{model}/{variant}/interface.json",
        facts="results/{model}/{variant}/facts/tf.json",
    log:
        "logs/{model}/{variant}/tf.log",
    benchmark:
        "logs/{model}/{variant}/tf.tsv"
    resources:
        mem_mb=PLAN.memory("tf"),
    params:
        models=PLAN.models,
    message:
        "{wildcards.model}/{wildcards.variant}: convert to TensorFlow"
    shell:
        "python -m converters.job {input.wanted} --reads {input} --makes {output} --"
        " --models {params.models} --xml {input.xml} --out {output.saved_model}"
        " --interface {output.interface} --facts {output.facts}"
        " > {log} 2>&1"
