"""edgetpu: what Google's compiler makes of the full int8 file, where the compiler is installed."""


rule edgetpu:
    input:
        wanted=PLAN.wanted("edgetpu"),
        tflite="results/{model}/{variant}/full_int8.tflite",
    output:
        facts="results/{model}/{variant}/facts/edgetpu.json",
    log:
        "logs/{model}/{variant}/edgetpu.log",
    benchmark:
        "logs/{model}/{variant}/edgetpu.tsv"
    resources:
        mem_mb=PLAN.memory("edgetpu"),
        runtime=120,
    params:
        models=PLAN.models,
    message:
        "{wildcards.model}/{wildcards.variant}: compile for the Edge TPU"
    shell:
        "python -m converters.job {input.wanted} --reads {input} --makes {output}"
        " --may-make results/{wildcards.model}/{wildcards.variant}/full_int8_edgetpu.tflite"
        " results/{wildcards.model}/{wildcards.variant}/full_int8_segments --"
        " --models {params.models} --tflite {input.tflite}"
        " --out results/{wildcards.model}/{wildcards.variant}/full_int8_edgetpu.tflite"
        " --segments results/{wildcards.model}/{wildcards.variant}/full_int8_segments"
        " --facts {output.facts}"
        " > {log} 2>&1"
