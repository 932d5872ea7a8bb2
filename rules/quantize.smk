"""quantize: TFLite files, float and quantised, from one SavedModel."""


rule quantize:
    input:
        wanted=PLAN.wanted("quantize"),
        saved_model=rules.tf.output.saved_model,
        interface=rules.tf.output.interface,
        data=PLAN.calibration_folders,
    output:
        tflite="results/{model}/{variant}/{kind}.tflite",
        facts="results/{model}/{variant}/facts/{kind}.json",
    log:
        "logs/{model}/{variant}/quantize-{kind}.log",
    benchmark:
        "logs/{model}/{variant}/quantize-{kind}.tsv"
    resources:
        mem_mb=PLAN.memory("quantize"),
    params:
        models=PLAN.models,
        runtimes=PLAN.runtimes,
    message:
        "{wildcards.model}/{wildcards.variant}: make {wildcards.kind}.tflite"
    shell:
        "python -m converters.job {input.wanted} --reads {input} --makes {output} --"
        " --models {params.models} --sources sources/{wildcards.model}"
        " --saved-model {input.saved_model} --interface {input.interface}"
        " --kind {wildcards.kind} --out {output.tflite}"
        " --facts {output.facts} --runtimes {params.runtimes}"
        " > {log} 2>&1"
