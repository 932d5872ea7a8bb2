"""simplify: onnxsim to a fixed point, checked numerically."""


rule simplify:
    input:
        wanted=PLAN.wanted("simplify"),
        onnx=PLAN.graph,
    output:
        onnx="results/{model}/{variant}/simplified.onnx",
        facts="results/{model}/{variant}/facts/simplify.json",
    log:
        "logs/{model}/{variant}/simplify.log",
    benchmark:
        "logs/{model}/{variant}/simplify.tsv"
    resources:
        mem_mb=PLAN.memory("simplify"),
    params:
        models=PLAN.models,
    message:
        "{wildcards.model}/{wildcards.variant}: simplify"
    shell:
        "python -m converters.job {input.wanted} --reads {input} --makes {output} --"
        " --models {params.models} --onnx {input.onnx} --out {output.onnx}"
        " --facts {output.facts}"
        " > {log} 2>&1"
