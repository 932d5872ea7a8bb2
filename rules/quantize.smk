"""quantize: TFLite files, float and quantised, from one SavedModel."""


rule quantize:
    input:
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
        mem_mb=3500,
    params:
        key=PLAN.stage_key("quantize"),
        models=PLAN.models,
    message:
        "{wildcards.model}/{wildcards.variant}: make {wildcards.kind}.tflite"
    shell:
        "python -m converters.quantize {wildcards.model} {wildcards.variant}"
        " --models {params.models} --sources sources/{wildcards.model}"
        " --saved-model {input.saved_model} --interface {input.interface}"
        " --kind {wildcards.kind} --record quantize-{wildcards.kind} --out {output.tflite}"
        " --facts {output.facts}"
        " > {log} 2>&1"
