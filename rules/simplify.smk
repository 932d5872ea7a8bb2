"""simplify: onnxsim to a fixed point, checked numerically."""


rule simplify:
    input:
        onnx=rules.export.output.onnx,
    output:
        onnx="results/{model}/{variant}/simplified.onnx",
        facts="results/{model}/{variant}/facts/simplify.json",
    log:
        "logs/{model}/{variant}/simplify.log",
    benchmark:
        "logs/{model}/{variant}/simplify.tsv"
    resources:
        mem_mb=2000,
    params:
        key=PLAN.stage_key("simplify"),
        models=PLAN.models,
    message:
        "{wildcards.model}/{wildcards.variant}: simplify"
    shell:
        "python -m converters.simplify {wildcards.model} {wildcards.variant}"
        " --models {params.models} --onnx {input.onnx} --out {output.onnx}"
        " --facts {output.facts}"
        " > {log} 2>&1"
